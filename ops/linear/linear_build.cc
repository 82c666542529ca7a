#include "ops/linear/linear_build.h"

#include "ops/linear/linear_ops.h"

namespace lathe {

using mlir::Value;

Value Matmul(mlir::ImplicitLocOpBuilder& b, Value x, Value weight, Value bias) {
  return MatmulOp::create(b, x, weight, bias);
}

Value Linear(GraphBuilder& b, const WeightScope& w, Value x, const LinearSpec& spec) {
  LocationScope at(b, w);
  Value weight = w.Param("weight", {spec.out, TensorTypeOf(x).getShape().back()});
  Value bias = spec.bias ? w.Param("bias", {spec.out}) : Value();
  return Matmul(b, x, weight, bias);
}

}  // namespace lathe
