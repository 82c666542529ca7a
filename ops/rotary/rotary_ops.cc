#include "ops/rotary/rotary_ops.h"

#include "ops/elementwise/elementwise_build.h"
#include "ops/rotary/rotary_reference.h"
#define GET_OP_CLASSES
#include "ops/rotary/rotary_ops.cc.inc"

namespace lathe {

void RegisterRotaryOps(LatheDialect& dialect) {
  dialect.AddOps<
#define GET_OP_LIST
#include "ops/rotary/rotary_ops.cc.inc"
      >();
}

llvm::LogicalResult RopeTableOp::inferReturnTypes(mlir::MLIRContext* context,
                                                  std::optional<mlir::Location>, Adaptor adaptor,
                                                  llvm::SmallVectorImpl<mlir::Type>& types) {
  llvm::SmallVector<Extent> extents = Extents(TensorTypeOf(adaptor.getPositions()));
  llvm::append_range(extents, Extents(TensorTypeOf(adaptor.getInvFreq())));
  types.assign(2, MakeTensorType(context, extents, mlir::Float32Type::get(context)));
  return mlir::success();
}

llvm::LogicalResult RopeTableOp::verify() {
  if (failed(RequireRank(*this, 1, "positions", TensorTypeOf(getPositions()), 1))) {
    return mlir::failure();
  }
  return RequireRank(*this, 1, "inv_freq", TensorTypeOf(getInvFreq()), 1);
}

void RopeTableOp::getAsmResultNames(mlir::OpAsmSetValueNameFn set_name) {
  set_name(getCos(), "cos");
  set_name(getSin(), "sin");
}

absl::Status RopeTableOp::Evaluate(EvalContext& context) {
  auto [cos, sin] = RopeTableReference(context.Tensor(getPositions()), context.Tensor(getInvFreq()),
                                       getScaling().convertToDouble());
  context.SetTensor(getCos(), std::move(cos));
  context.SetTensor(getSin(), std::move(sin));
  return absl::OkStatus();
}

// The angle, its two functions, two scalings.
OpCost RopeTableOp::Cost() {
  return StreamingCost(*this, NumElements(TensorTypeOf(getCos())) * SymExpr(5));
}

llvm::SmallVector<mlir::Value> RopeTableOp::Decompose(mlir::OpBuilder& builder) {
  Builder b(getLoc(), builder);
  llvm::SmallVector<Extent> extents = Extents(TensorTypeOf(getCos()));
  mlir::Value position = Reshape(b, Cast(b, getPositions(), DType::kF32), {extents[0], int64_t{1}});
  mlir::Value angle = Mul(b, Broadcast(b, position, extents), Broadcast(b, getInvFreq(), extents));
  double scaling = getScaling().convertToDouble();
  return {Scale(b, Cos(b, angle), scaling), Scale(b, Sin(b, angle), scaling)};
}

llvm::LogicalResult RopeOp::verify() {
  mlir::RankedTensorType x = TensorTypeOf(getX());
  mlir::RankedTensorType cos = TensorTypeOf(getCos());
  if (failed(RequireRank(*this, 1, "x", x, 3)) || failed(RequireRank(*this, 1, "cos", cos, 2))) {
    return mlir::failure();
  }
  if (failed(
          RequireShape(*this, 2, "cos", cos, {Extents(x)[0], Extents(cos)[1]}, "the rows of x"))) {
    return mlir::failure();
  }
  bool fits =
      !cos.isDynamicDim(1) && !x.isDynamicDim(2) && 2 * cos.getDimSize(1) <= x.getDimSize(2);
  return Require(*this, fits, 3,
                 "cos is " + DescribeShape(cos) + " and x is " + DescribeShape(x) +
                     ": twice the width of cos must fit a head");
}

absl::Status RopeOp::Evaluate(EvalContext& context) {
  context.SetTensor(getY(), RopeReference(context.Tensor(getX()), context.Tensor(getCos()),
                                          context.Tensor(getSin())));
  return absl::OkStatus();
}

llvm::SmallVector<mlir::Value> RopeOp::Decompose(mlir::OpBuilder& builder) {
  Builder b(getLoc(), builder);
  llvm::SmallVector<Extent> x = Extents(TensorTypeOf(getX()));
  Extent half = Extents(TensorTypeOf(getCos()))[1];
  auto per_head = [&](mlir::Value angles) {
    return Broadcast(b, Reshape(b, angles, {x[0], int64_t{1}, half}), {x[0], x[1], half});
  };
  mlir::Value cos = per_head(getCos());
  mlir::Value sin = per_head(getSin());
  mlir::Value first = Slice(b, getX(), 0, half.size);
  mlir::Value second = Slice(b, getX(), half.size, 2 * half.size);
  llvm::SmallVector<mlir::Value> parts = {
      Sub(b, Mul(b, first, cos), Mul(b, second, sin)),
      Add(b, Mul(b, second, cos), Mul(b, first, sin)),
  };
  if (2 * half.size < x[2].size) parts.push_back(Slice(b, getX(), 2 * half.size, x[2].size));
  return {Concat(b, parts)};
}

// Two products and a sum for each rotated component.
OpCost RopeOp::Cost() {
  llvm::SmallVector<Extent> x = Extents(TensorTypeOf(getX()));
  SymExpr rotated =
      x[0].expr() * x[1].expr() * Extents(TensorTypeOf(getCos()))[1].expr() * SymExpr(2);
  return StreamingCost(*this, rotated * SymExpr(3));
}

}  // namespace lathe
