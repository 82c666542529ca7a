#include "compiler/lower/matmul_product.h"

#include "compiler/lower/dot_product.h"
#include "compiler/lower/fma_product.h"
#include "compiler/lower/group_product.h"

namespace lathe {

ArithmeticUnit UnitOfProduct(const CpuLevel& level, WeightFormat format, bool rounds_x) {
  if (format == WeightFormat::kBF16Pairs && rounds_x && level.Has("avx512_bf16"))
    return ArithmeticUnit::kDotBF16;
  if (QuantOf(format) && level.Has("avx512_vnni")) return ArithmeticUnit::kDotInt8;
  // AVX2 multiplies and adds pairs of 16 bits in two instructions, with the operations of two FMAs.
  return ArithmeticUnit::kFmaF32;
}

std::unique_ptr<MatmulProduct> MakeProduct(KernelBuilder& b, WeightFormat format, bool rounds_x,
                                           int64_t inner, const MatmulTiling& tiling) {
  if (UnitOfProduct(b.level(), format, rounds_x) == ArithmeticUnit::kDotBF16)
    return std::make_unique<DotProduct>(b, inner, tiling.prefetch_lines);
  if (QuantOf(format))
    return std::make_unique<GroupProduct>(b, format, inner, tiling.prefetch_lines);
  return std::make_unique<FmaProduct>(b, format, inner, tiling.prefetch_lines);
}

int64_t PreparedRowBytes(WeightFormat format, int64_t inner) {
  if (std::optional<GroupQuant> quant = QuantOf(format))
    return PreparedGroupRowBytes(*quant, inner, kMostActivationBytes);
  if (format != WeightFormat::kBF16Pairs) return 0;
  return WholeLines(inner * 2);
}

}  // namespace lathe
