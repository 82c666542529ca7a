// Matrix products by dot products of bf16 pairs (vdpbf16ps): twice the rate of f32 FMA where the
// CPU runs one a cycle. Activations are rounded to bf16, sums are f32.
#pragma once

#include "compiler/lower/matmul_product.h"
#include "compiler/lower/weight_streams.h"

namespace lathe {

// Of weights kBF16Pairs, on levels with avx512_bf16.
class DotProduct : public MatmulProduct {
 public:
  DotProduct(KernelBuilder& b, int64_t inner, int64_t prefetch_lines)
      : b_(b), inner_(inner), prefetch_lines_(prefetch_lines) {}

  int64_t RowBytes() const override { return PreparedRowBytes(WeightFormat::kBF16Pairs, inner_); }
  bool PreparesRows() const override { return true; }
  void PrepareRow(mlir::Value row, mlir::Value prepared) const override;
  Values Accumulate(const MatmulTile& tile, mlir::Value rows,
                    llvm::ArrayRef<mlir::Value> weights) const override;

 private:
  KernelBuilder& b_;
  int64_t inner_;
  int64_t prefetch_lines_;
};

}  // namespace lathe
