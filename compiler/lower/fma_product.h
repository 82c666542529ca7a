// Matrix products by f32 fused multiply-adds: weights of bf16 are widened in registers, activations
// are f32 and read where they lie.
#pragma once

#include "compiler/lower/matmul_product.h"
#include "compiler/lower/weight_streams.h"

namespace lathe {

class FmaProduct : public MatmulProduct {
 public:
  // `format`: kBF16Pairs or kF32.
  FmaProduct(KernelBuilder& b, WeightFormat format, int64_t inner, int64_t prefetch_lines)
      : b_(b), format_(format), inner_(inner), prefetch_lines_(prefetch_lines) {}

  int64_t RowBytes() const override { return inner_ * 4; }
  bool PreparesRows() const override { return false; }
  void PrepareRow(mlir::Value row, mlir::Value prepared) const override;
  Values Accumulate(const MatmulTile& tile, mlir::Value rows,
                    llvm::ArrayRef<mlir::Value> weights) const override;

 private:
  // Values of k in one cache line of a block.
  int64_t PerLine() const { return format_ == WeightFormat::kBF16Pairs ? 2 : 1; }
  llvm::SmallVector<mlir::Value> LoadLine(mlir::Value address) const;

  KernelBuilder& b_;
  WeightFormat format_;
  int64_t inner_;
  int64_t prefetch_lines_;
};

}  // namespace lathe
