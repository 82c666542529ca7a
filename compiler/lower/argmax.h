// Emits the choice of the largest of each row: argmax and argmax_by_blocks of ops/sampling.
//
// Comparisons are exact and ties go to the lowest id, so that a row's choice depends on its numbers
// alone, whichever of the two finds it.
#pragma once

#include "compiler/lower/kernel_builder.h"

namespace lathe {

// Columns of a block of maxima: what one vector holds.
inline constexpr int64_t kArgmaxBlock = kLanes;

// Operands in order: x f32 [rows, columns]; the maxima of its blocks f32 [rows, ceil(columns /
// kArgmaxBlock)], if any; limits i32 [rows]; ids i32 [rows]. A work item is one row; dims = {rows}.
struct ArgmaxSpec {
  int64_t columns = 0;
  bool has_maxima = false;

  bool operator==(const ArgmaxSpec&) const = default;
};

void EmitArgmax(KernelBuilder& b, llvm::StringRef name, const ArgmaxSpec& spec);

// The largest number among the lanes of `vector` where `mask` is on (null: all lanes), minus
// infinity where there is none.
mlir::Value LargestLane(KernelBuilder& b, mlir::Value vector, mlir::Value mask);

}  // namespace lathe
