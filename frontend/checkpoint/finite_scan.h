// Finds NaN and infinity in tensors at the speed of memory.
//   std::vector<NonFinite> found = ScanForNonFinite(tensors, /*threads=*/2);   // one per tensor
#pragma once

#include <cstdint>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "runtime/base/dtype.h"
#include "runtime/base/tensor_source.h"

namespace lathe {

struct NonFinite {
  uint64_t count = 0;  // elements that are NaN or infinite
  uint64_t first = 0;  // index of the first of them, when count > 0
};

// Over little-endian elements, aligned or not. Types that cannot hold such values (integers) have
// none.
NonFinite CountNonFinite(DType dtype, absl::string_view bytes);

// CountNonFinite of each tensor, in pieces, on `threads` threads (0 = one for each CPU that may be
// used). The result does not depend on their number.
std::vector<NonFinite> ScanForNonFinite(absl::Span<const TensorView* const> tensors, int threads);

}  // namespace lathe
