// Reads a row of a packed weight, for lookups in tables that products read as well: an embedding
// that is also the head is stored once.
#pragma once

#include "compiler/lower/kernel_builder.h"
#include "compiler/lower/weight_format.h"

namespace lathe {

// 16 elements from `element` on, as f32, of row `row` of the weight [.., inner] at `table`. Lanes
// behind `inner` hold anything that is finite. `element` is a multiple of 2 for pairs of bf16, and
// of 16 for small integers.
mlir::Value LoadPackedRow(KernelBuilder& b, WeightFormat format, int64_t inner, mlir::Value table,
                          mlir::Value row, mlir::Value element);

}  // namespace lathe
