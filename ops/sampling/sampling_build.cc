#include "ops/sampling/sampling_build.h"

#include "ops/sampling/sampling_ops.h"

namespace lathe {

using mlir::Value;

Value Argmax(mlir::ImplicitLocOpBuilder& b, Value x, Value limits) {
  return ArgmaxOp::create(b, x, limits);
}

}  // namespace lathe
