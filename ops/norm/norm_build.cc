#include "ops/norm/norm_build.h"

#include "ops/norm/norm_ops.h"

namespace lathe {

using mlir::Value;

Value RmsNorm(GraphBuilder& b, const WeightScope& w, Value x, double eps, double offset) {
  LocationScope at(b, w);
  Value weight = w.Param("weight", TensorTypeOf(x).getShape().take_back());
  return RmsNormOp::create(b, x, weight, llvm::APFloat(eps), llvm::APFloat(offset));
}

Value LayerNorm(GraphBuilder& b, const WeightScope& w, Value x, double eps, bool has_bias) {
  LocationScope at(b, w);
  Value weight = w.Param("weight", TensorTypeOf(x).getShape().take_back());
  Value bias = has_bias ? w.Param("bias", TensorTypeOf(x).getShape().take_back()) : Value();
  return LayerNormOp::create(b, x, weight, bias, llvm::APFloat(eps));
}

}  // namespace lathe
