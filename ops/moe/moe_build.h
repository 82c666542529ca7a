// Functions that models call for mixtures of experts.
#pragma once

#include "ops/core/graph_builder.h"

namespace lathe {

struct RouteSpec {
  int64_t top_k = 0;
  bool sigmoid = false;    // probabilities by sigmoid instead of softmax
  bool normalize = false;  // weights are divided by their sum
  double scale = 1.0;
};

struct ExpertWeights {
  mlir::Value gate;  // [E, I, H]
  mlir::Value up;    // [E, I, H]
  mlir::Value down;  // [E, H, I]
};

// The weighted sum of the chosen experts' swiglu layers, [T, H], for rows x [T, H] with router
// scores [T, E]. `bias` [E], or null, takes part in the choice alone. `limit`: of swiglu, 0 for
// none.
mlir::Value MixtureOfExperts(mlir::ImplicitLocOpBuilder& b, mlir::Value x, mlir::Value scores,
                             mlir::Value bias, const RouteSpec& route, const ExpertWeights& weights,
                             double limit = 0.0);

}  // namespace lathe
