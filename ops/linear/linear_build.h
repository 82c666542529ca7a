// Functions that models call for the linear family.
#pragma once

#include "ops/core/graph_builder.h"

namespace lathe {

struct LinearSpec {
  int64_t out = 0;
  bool bias = false;
};

// x times the transpose of `weight` [N, K], plus `bias` [N] where there is one.
mlir::Value Matmul(mlir::ImplicitLocOpBuilder& b, mlir::Value x, mlir::Value weight,
                   mlir::Value bias = {});

// The same with "weight" (and "bias") of the scope: Linear(b, w.In("q_proj"), x, {.out = heads *
// head_dim}).
mlir::Value Linear(GraphBuilder& b, const WeightScope& w, mlir::Value x, const LinearSpec& spec);

}  // namespace lathe
