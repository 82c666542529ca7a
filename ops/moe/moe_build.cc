#include "ops/moe/moe_build.h"

#include "llvm/ADT/APFloat.h"
#include "ops/elementwise/elementwise_build.h"
#include "ops/moe/moe_ops.h"

namespace lathe {

using mlir::Value;

Value MixtureOfExperts(mlir::ImplicitLocOpBuilder& b, Value x, Value scores, Value bias,
                       const RouteSpec& route, const ExpertWeights& weights, double limit) {
  auto routes =
      MoeRouteOp::create(b, scores, bias, route.top_k, route.sigmoid ? "sigmoid" : "softmax",
                         route.normalize, llvm::APFloat(route.scale));
  auto order =
      MoeDispatchOp::create(b, routes.getExperts(), TensorTypeOf(scores).getShape().back());
  auto product = [&](Value in, Value matrices, Value rows) -> Value {
    return GroupedMatmulOp::create(b, in, order.getEnds(), matrices, rows);
  };
  Value gate = product(x, weights.gate, order.getRows());  // [T, k, I], of sorted choices
  Value up = product(x, weights.up, order.getRows());
  Value out = product(Swiglu(b, gate, up, limit), weights.down, /*rows=*/{});  // [T, k, H]
  return MoeCombineOp::create(b, out, order.getPlaces(), routes.getWeights());
}

}  // namespace lathe
