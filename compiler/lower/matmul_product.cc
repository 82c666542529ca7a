#include "compiler/lower/matmul_product.h"

#include "compiler/lower/fma_product.h"

namespace lathe {

std::unique_ptr<MatmulProduct> MakeProduct(KernelBuilder& b, WeightFormat format, int64_t inner,
                                           const MatmulTiling& tiling) {
  return std::make_unique<FmaProduct>(b, format, inner, tiling.prefetch_lines);
}

int64_t PreparedRowBytes(WeightFormat, int64_t) { return 0; }

}  // namespace lathe
