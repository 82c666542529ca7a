#include "ops/embedding/embedding_reference.h"

#include <algorithm>

#include "runtime/base/check.h"

namespace lathe {

HostTensor GatherRowsReference(const HostTensor& x, const HostTensor& rows) {
  LATHE_CHECK(x.rank() > 0) << "rows of a scalar";
  std::vector<int64_t> shape = x.shape();
  shape[0] = rows.num_elements();
  HostTensor y(x.dtype(), shape);
  int64_t row_elements = 1;
  for (int64_t axis = 1; axis < x.rank(); ++axis) row_elements *= x.dim(axis);
  for (int64_t r = 0; r < shape[0]; ++r) {
    int64_t source = rows.ints()[r];
    if (source < 0 || source >= x.dim(0)) continue;
    if (x.dtype() == DType::kI32) {
      std::copy_n(x.ints().data() + source * row_elements, row_elements,
                  y.ints().data() + r * row_elements);
    } else {
      std::copy_n(x.floats().data() + source * row_elements, row_elements,
                  y.floats().data() + r * row_elements);
    }
  }
  return y;
}

HostTensor EmbedReference(const HostTensor& table, const HostTensor& tokens, double multiplier) {
  HostTensor y = GatherRowsReference(table, tokens).Cast(DType::kF32);
  for (float& value : y.floats()) value *= static_cast<float>(multiplier);
  return y;
}

}  // namespace lathe
