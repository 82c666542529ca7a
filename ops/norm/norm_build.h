// Functions that models call for the norms: RmsNorm(b, w.In("input_layernorm"), x,
// cfg.rms_norm_eps).
#pragma once

#include "ops/core/graph_builder.h"

namespace lathe {

// Over the last extent, with "weight" of the scope; offset 1 where the checkpoint stores weights
// around zero.
mlir::Value RmsNorm(GraphBuilder& b, const WeightScope& w, mlir::Value x, double eps,
                    double offset = 0.0);

// With "weight" and, where `has_bias`, "bias" of the scope.
mlir::Value LayerNorm(GraphBuilder& b, const WeightScope& w, mlir::Value x, double eps,
                      bool has_bias = true);

}  // namespace lathe
