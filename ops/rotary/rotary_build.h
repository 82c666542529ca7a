// Functions that models call for rotary position embedding.
#pragma once

#include "ops/core/graph_builder.h"

namespace lathe {

struct RopeAngles {
  mlir::Value cos;  // [S, F]
  mlir::Value sin;  // [S, F]
};

// The table of a step; `inv_freq` is a constant [F], `scaling` the attention factor of the rope
// type.
RopeAngles RopeTable(GraphBuilder& b, mlir::Value positions, mlir::Value inv_freq,
                     double scaling = 1.0);

// Rotates the first 2F components of each head of x [S, heads, D].
mlir::Value Rope(GraphBuilder& b, mlir::Value x, const RopeAngles& angles);

}  // namespace lathe
