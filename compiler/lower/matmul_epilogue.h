// The end of a matrix product: what becomes of the sums of a register tile.
// compiler/lower/matmul.h sweeps tiles over rows and columns; an epilogue says which columns of a
// segment are swept when, what its tiles carry, and how they end.
#pragma once

#include <memory>

#include "compiler/lower/kernel_builder.h"
#include "compiler/lower/matmul.h"
#include "compiler/lower/matmul_product.h"

namespace lathe {

// The work items of one segment that are to be done, for the rows at hand. A segment is a matrix,
// or the matrices that a tile reads side by side.
struct SegmentShare {
  int64_t first_matrix = 0;
  mlir::Value first_row;   // of those at hand, among the rows of the call
  mlir::Value rows;        // at hand
  mlir::Value begin, end;  // items, counted from the segment's first
  mlir::Value scratch;     // EpilogueScratchBytes, aligned to 64
};

class EpilogueEmitter {
 public:
  // Emits all tiles of blocks [first, last) of the segment, and of `rows` of the rows at hand from
  // `row` on. `carried`: ArgTypes() values, at the segment's first block.
  using SweepTiles =
      llvm::function_ref<void(mlir::ValueRange carried, mlir::Value row, mlir::Value rows,
                              mlir::Value first, mlir::Value last)>;

  virtual ~EpilogueEmitter() = default;

  // Of the values that a sweep carries to its tiles.
  virtual llvm::SmallVector<mlir::Type> ArgTypes() const = 0;
  virtual void EmitSegment(const KernelArgs& args, const SegmentShare& share,
                           SweepTiles sweep) const = 0;
  // What a tile gets that starts `row` rows and `block` blocks behind what `carried` is for.
  virtual Values AtTile(mlir::ValueRange carried, mlir::Value row, mlir::Value block) const = 0;
  // Ends a tile: `sums` are [row][block][source] of 16 lanes. The block of a partial tile is the
  // segment's last, and has fewer columns.
  virtual void Finish(const MatmulTile& tile, bool is_partial, mlir::ValueRange carried,
                      llvm::ArrayRef<mlir::Value> sums) const = 0;
};

// Adds its code to what `b` builds; `b` and `spec` must outlive it.
std::unique_ptr<EpilogueEmitter> MakeEpilogue(KernelBuilder& b, const MatmulSpec& spec);

// Scratch memory of a worker for the epilogue.
int64_t EpilogueScratchBytes(const MatmulSpec& spec);

// Stores the sums, or what bias, swiglu and a residual make of them, as rows of f32, and the
// largest of each vector where that is asked for.
class StoreEpilogue : public EpilogueEmitter {
 public:
  // What its tiles carry, as it lies in ArgTypes.
  struct Carried {
    Values biases;         // one a source, if any
    mlir::Value residual;  // if any
    mlir::Value out;
    mlir::Value maxima;   // of blocks, if any
    mlir::Value columns;  // from one row of the outputs to the next
    mlir::Value count;    // columns of a partial tile
  };

  StoreEpilogue(KernelBuilder& b, const MatmulSpec& spec);

  llvm::SmallVector<mlir::Type> ArgTypes() const override;
  void EmitSegment(const KernelArgs& args, const SegmentShare& share,
                   SweepTiles sweep) const override;
  Values AtTile(mlir::ValueRange carried, mlir::Value row, mlir::Value block) const override;
  void Finish(const MatmulTile& tile, bool is_partial, mlir::ValueRange carried,
              llvm::ArrayRef<mlir::Value> sums) const override;

  Values Pack(const Carried& c) const;
  Values Biases(const KernelArgs& args, int64_t first_matrix) const;

 private:
  Carried Unpack(mlir::ValueRange carried) const;
  bool HasResidual() const { return spec_.epilogue == MatmulEpilogue::kAddResidual; }
  mlir::Value Biased(mlir::Value sum, mlir::Value bias, int64_t block, mlir::Value mask) const;
  void StoreMaxima(const MatmulTile& tile, const Carried& c, mlir::Value mask) const;
  mlir::Value Combined(const Carried& c, llvm::ArrayRef<mlir::Value> values,
                       mlir::Value residual_at, mlir::Value mask) const;

  KernelBuilder& b_;
  const MatmulSpec& spec_;
  int64_t sources_;
};

// The number of a matrix's weight among the kernel's operands; its bias is the next. Behind those
// of the last matrix are the epilogue's operands.
inline int64_t WeightOperand(const MatmulSpec& spec, int64_t matrix) {
  int64_t first = spec.norm ? 2 : 1;  // behind x and the norm's weight
  if (spec.groups) first += spec.groups->gathers ? 2 : 1;
  return first + matrix * (spec.bias ? 2 : 1);
}
// The ends of groups; the rows to gather are the next.
inline constexpr int64_t kEndsOperand = 1;
inline int64_t EpilogueOperand(const MatmulSpec& spec) {
  return WeightOperand(spec, static_cast<int64_t>(spec.columns.size()));
}

}  // namespace lathe
