// Reading the packed weights of a register tile line by line: one stream of cache lines for each
// block of columns, asked for ahead of their use.
#pragma once

#include "compiler/lower/kernel_builder.h"
#include "compiler/lower/weight_format.h"

namespace lathe {

// The lines of one block of columns: where they are read, and where they are asked for (null: they
// are not).
struct WeightStream {
  mlir::Value weights, ahead;
};

struct WeightStreams {
  int64_t blocks = 0;          // side by side
  int64_t block_bytes = 0;     // from one block to the next
  int64_t prefetch_lines = 0;  // of 64 bytes, how far ahead; 0: not at all

  // [block][source]; `weights` are the sources' first blocks. Near its end a stream asks
  // for the block that it reads in the next tile: the blocks between are read by the other
  // streams.
  llvm::SmallVector<WeightStream> At(KernelBuilder& b, llvm::ArrayRef<mlir::Value> weights,
                                     mlir::Value line) const;

  // One step of a sum: line `line` + `step` of each stream; the last line of an odd inner extent is
  // a tail.
  using Step = llvm::function_ref<void(mlir::Value line, llvm::ArrayRef<WeightStream> streams,
                                       int64_t step, bool is_tail, Values& sums)>;

  // Adds to `sums` over lines [0, lines), ascending; those from whole_lines on are tails. `fmas` of
  // one step decide how many are written out in one turn of the loop.
  Values Sum(KernelBuilder& b, llvm::ArrayRef<mlir::Value> weights, int64_t lines,
             int64_t whole_lines, int64_t fmas, Values sums, Step step) const;
};

}  // namespace lathe
