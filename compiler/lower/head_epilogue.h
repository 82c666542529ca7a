// The epilogue that cuts a product into heads and puts each through a row program while it is in
// the cache: norm of the head, rotary embedding, writing keys and values.
#pragma once

#include "compiler/lower/matmul_epilogue.h"

namespace lathe {

class HeadEpilogue : public EpilogueEmitter {
 public:
  HeadEpilogue(KernelBuilder& b, const MatmulSpec& spec) : b_(b), spec_(spec), tiles_(b, spec) {}

  static int64_t ScratchBytes(const MatmulSpec& spec);

  // Tiles store their sums as StoreEpilogue's do, to scratch memory.
  llvm::SmallVector<mlir::Type> ArgTypes() const override { return tiles_.ArgTypes(); }
  Values AtTile(mlir::ValueRange carried, mlir::Value row, mlir::Value block) const override {
    return tiles_.AtTile(carried, row, block);
  }
  void Finish(const MatmulTile& tile, bool is_partial, mlir::ValueRange carried,
              llvm::ArrayRef<mlir::Value> sums) const override {
    tiles_.Finish(tile, is_partial, carried, sums);
  }
  void EmitSegment(const KernelArgs& args, const SegmentShare& share,
                   SweepTiles sweep) const override;

 private:
  // Columns [first, last) of a segment and the blocks that hold them; first is a block's.
  struct Columns {
    mlir::Value first, last, first_block, last_block;
    mlir::Value stride;  // elements from one row of theirs in scratch memory to the next
  };

  Columns ColumnsOfItems(int64_t matrix, mlir::Value begin, mlir::Value end) const;
  void EmitSteps(const KernelArgs& args, const SegmentShare& share, const Columns& columns,
                 mlir::Value row, mlir::Value rows) const;

  KernelBuilder& b_;
  const MatmulSpec& spec_;
  StoreEpilogue tiles_;
};

}  // namespace lathe
