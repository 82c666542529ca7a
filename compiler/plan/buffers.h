// The buffers of a flat program: who needs one, how large it is, how long it lives, and where the
// plan put it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "ops/core/dialect.h"

namespace lathe {

struct BufferUse {
  mlir::Value value;  // a result of a dispatch
  std::string unit;   // symbol of its leading extent, "" when its size is constant
  int64_t bytes_per_unit = 0;
  int64_t first_use = 0;  // number of the dispatch that writes it
  int64_t last_use = 0;   // number of the last dispatch that reads it; one past the last dispatch
                          // for returned values
};

// The buffers of `func` in program order. A result whose size is not a multiple of one symbol is an
// error at its dispatch.
mlir::LogicalResult CollectBufferUses(mlir::func::FuncOp func, std::vector<BufferUse>& uses);

// The offset that phase plan gave result `index` of `dispatch`. InvalidArgument when an edited dump
// lacks it or misspells it.
absl::StatusOr<SymExpr> BufferOffset(DispatchOp dispatch, size_t index);

// Total bytes of the workspace of an entry.
absl::StatusOr<SymExpr> WorkspaceBytes(mlir::func::FuncOp func);

}  // namespace lathe
