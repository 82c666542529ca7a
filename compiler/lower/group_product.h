// Matrix products with weights of int8 or int4 in groups: activations are rounded to int8 group by
// group, products within a group are summed in integers, and the groups' sums are scaled and added
// in f32.
//   sum over groups g, ascending, by FMA: f32(sum over k in g of q_w q_x) * (s_w[g] * s_x[g])
// The way of llama.cpp ggml/src/ggml-cpu/quants.c ggml_vec_dot_q4_0_q8_0, with groups as wide as
// those of the weights.
#pragma once

#include "compiler/lower/byte_dot.h"
#include "compiler/lower/matmul_product.h"
#include "compiler/lower/weight_streams.h"
#include "ops/core/group_quant.h"

namespace lathe {

class GroupProduct : public MatmulProduct {
 public:
  // `format`: one of small integers.
  GroupProduct(KernelBuilder& b, WeightFormat format, int64_t inner, int64_t prefetch_lines);

  int64_t RowBytes() const override;
  bool PreparesRows() const override { return true; }
  void PrepareRow(mlir::Value row, mlir::Value prepared) const override;
  Values Accumulate(const MatmulTile& tile, mlir::Value rows,
                    llvm::ArrayRef<mlir::Value> weights) const override;

 private:
  // A prepared row: its numbers, then for each group its scale (f32) and where the integer sum of
  // each column starts (i32): at -offset times the sum of the group's numbers, because the stored
  // weights are offset.
  int64_t NumbersBytes() const;
  mlir::Value ScaleOf(mlir::Value row, mlir::Value group) const;

  void PrepareGroup(mlir::Value row, mlir::Value prepared, mlir::Value group, int64_t count) const;
  void AddCouple(const MatmulTile& tile, mlir::Value rows, llvm::ArrayRef<mlir::Value> weights,
                 mlir::Value couple, int64_t groups, Values& sums) const;
  Values SumGroup(const MatmulTile& tile, mlir::Value rows, llvm::ArrayRef<WeightStream> streams,
                  mlir::Value group) const;
  void AddLine(const MatmulTile& tile, mlir::Value activations,
               llvm::ArrayRef<WeightStream> streams, int64_t line, Values& sums) const;
  void AddScaled(const MatmulTile& tile, mlir::Value rows, llvm::ArrayRef<WeightStream> streams,
                 mlir::Value group, llvm::ArrayRef<mlir::Value> products, Values& sums) const;

  int64_t KPerLine() const { return 32 / quant_.bits; }
  int64_t Groups() const { return layout_.groups; }
  llvm::SmallVector<WeightStream> Advanced(llvm::ArrayRef<WeightStream> streams, mlir::Value index,
                                           int64_t bytes) const;

  KernelBuilder& b_;
  GroupQuant quant_;
  GroupLayout layout_;
  int64_t inner_;
  int64_t prefetch_lines_;
  std::unique_ptr<ByteDot> dot_;
};

// Of every level: bytes of a row of `inner` activations as GroupProduct prepares it.
int64_t PreparedGroupRowBytes(const GroupQuant& quant, int64_t inner, int64_t activation_bytes);

}  // namespace lathe
