#include "runtime/base/tensor_source.h"

#include <algorithm>
#include <cstdint>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace lathe {

int64_t TensorView::num_elements() const {
  // The other extents of an empty tensor may be anything: their product need not fit.
  if (std::find(shape.begin(), shape.end(), 0) != shape.end()) return 0;
  int64_t count = 1;
  for (int64_t extent : shape) count *= extent;
  return count;
}

std::string Describe(const TensorView& tensor) {
  return absl::StrCat("[", absl::StrJoin(tensor.shape, ", "), "] ", DTypeName(tensor.dtype));
}

}  // namespace lathe
