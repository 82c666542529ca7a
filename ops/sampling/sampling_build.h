// Functions that models call to choose tokens.
#pragma once

#include "ops/core/graph_builder.h"

namespace lathe {

// The lowest id below limits[r] with the largest of x[r, ..], [R] i32; -1 where there is none.
mlir::Value Argmax(mlir::ImplicitLocOpBuilder& b, mlir::Value x, mlir::Value limits);

}  // namespace lathe
