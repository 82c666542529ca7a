// The inner loop of a matrix product: rows of activations times blocks of packed weights, summed in
// registers. compiler/lower/matmul.h sweeps it over rows and columns and finishes the sums; each
// format of weights has a product of its own.
#pragma once

#include <memory>

#include "compiler/lower/kernel_builder.h"
#include "compiler/lower/matmul_tiling.h"
#include "compiler/lower/weight_format.h"
#include "runtime/base/arithmetic_unit.h"

namespace lathe {

// A register tile: rows x blocks of 16 columns of each source.
struct MatmulTile {
  int64_t rows = 0;
  int64_t blocks = 0;
  int64_t sources = 1;  // matrices read side by side
};

class MatmulProduct {
 public:
  virtual ~MatmulProduct() = default;

  // From one row of activations to the next, as Accumulate reads them.
  virtual int64_t RowBytes() const = 0;
  // Whether rows must be converted before Accumulate can read them; otherwise they are rows of
  // `inner` f32 where they lie.
  virtual bool PreparesRows() const = 0;
  // Converts one row of `inner` f32 into RowBytes() bytes at `prepared`, aligned to 64. The bytes
  // depend on the row alone.
  virtual void PrepareRow(mlir::Value row, mlir::Value prepared) const = 0;

  // The products of a tile, [row][block][source] of 16 lanes of f32. `rows` points at the first
  // row; weights[source] at the first block. Each element is one chain of additions with k
  // ascending, the same for every shape of tile.
  virtual Values Accumulate(const MatmulTile& tile, mlir::Value rows,
                            llvm::ArrayRef<mlir::Value> weights) const = 0;
};

// The unit that does the products on `level`; `rounds_x` as in MatmulSpec.
ArithmeticUnit UnitOfProduct(const CpuLevel& level, WeightFormat format, bool rounds_x);

// Adds its code to what `b` builds; `b` must outlive it. `rounds_x` as in MatmulSpec.
std::unique_ptr<MatmulProduct> MakeProduct(KernelBuilder& b, WeightFormat format, bool rounds_x,
                                           int64_t inner, const MatmulTiling& tiling);

// Bytes of a prepared row, 0 where no level prepares rows. Of all levels, so that a kernel has the
// same scratch memory on each.
int64_t PreparedRowBytes(WeightFormat format, int64_t inner);

}  // namespace lathe
