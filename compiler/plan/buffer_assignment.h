// Places buffers that live for part of a program into one workspace, for every value of the runtime
// symbols at once.
//
// Each buffer's size is a multiple of one unit ("tokens", "logit_rows", or "" for a constant size),
// so buffers of one unit can be packed as intervals in "bytes per unit"; the workspace is the
// units' regions one after the other. Offsets and the total are then exact sums of a few products,
// and no two buffers that live at the same time overlap, whatever the symbols are.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/types/span.h"
#include "ops/core/sym_expr.h"

namespace lathe {

struct BufferRequest {
  std::string unit;            // the symbol that the size is a multiple of; "" for a constant size
  int64_t bytes_per_unit = 0;  // size for unit = 1
  int64_t first_use = 0;       // step that writes it
  int64_t last_use = 0;        // last step that reads it
};

struct BufferAssignment {
  std::vector<SymExpr> offsets;  // one a request
  std::vector<int64_t> strides;  // bytes_per_unit rounded up to the alignment, one a request
  SymExpr workspace;             // total
};

// Greedy by size (Pisarchyk and Lee, "Efficient Memory Management for Deep Neural Net Inference",
// 2020): larger buffers first, each at the lowest offset that is free during its whole life. Every
// offset is a multiple of `alignment` because every stride is.
BufferAssignment AssignBuffers(absl::Span<const BufferRequest> requests, int64_t alignment);

}  // namespace lathe
