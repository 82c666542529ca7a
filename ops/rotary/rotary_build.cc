#include "ops/rotary/rotary_build.h"

#include "ops/rotary/rotary_ops.h"

namespace lathe {

using mlir::Value;

RopeAngles RopeTable(GraphBuilder& b, Value positions, Value inv_freq, double scaling) {
  auto table = RopeTableOp::create(b, positions, inv_freq, llvm::APFloat(scaling));
  return {table.getCos(), table.getSin()};
}

Value Rope(GraphBuilder& b, Value x, const RopeAngles& angles) {
  return RopeOp::create(b, x.getType(), x, angles.cos, angles.sin);
}

}  // namespace lathe
