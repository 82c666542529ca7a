#include "ops/norm/norm_ops.h"

#include "ops/elementwise/elementwise_build.h"
#include "ops/norm/norm_reference.h"
#define GET_OP_CLASSES
#include "ops/norm/norm_ops.cc.inc"

namespace lathe {

void RegisterNormOps(LatheDialect& dialect) {
  dialect.AddOps<
#define GET_OP_LIST
#include "ops/norm/norm_ops.cc.inc"
      >();
}

namespace {

llvm::LogicalResult VerifyEps(mlir::Operation* op, const llvm::APFloat& eps) {
  return Require(op, eps.isFinite() && !eps.isNegative() && !eps.isZero(), 2,
                 "eps is " + ToText(eps.convertToDouble()) + ", expected a positive number");
}

llvm::LogicalResult VerifyPerComponent(mlir::Operation* op, int constraint, llvm::StringRef what,
                                       mlir::Value x, mlir::Value operand) {
  mlir::RankedTensorType type = TensorTypeOf(x);
  if (failed(RequireStaticLastExtent(op, constraint, "x", type))) return mlir::failure();
  return RequireShape(op, constraint, what, TensorTypeOf(operand), {Extents(type).back()},
                      "the last extent of x");
}

mlir::Type ResultType(mlir::Value x) {
  return WithElement(TensorTypeOf(x), mlir::Float32Type::get(x.getContext()));
}

}  // namespace

// ---- decompositions -------------------------------------------------------------------------

namespace {

// x / sqrt(mean(x^2) + eps)
mlir::Value Normalised(Builder& b, mlir::Value x, double eps) {
  mlir::Value mean = Reduce(b, "mean", Mul(b, x, x));
  mlir::Value inverse = Rsqrt(b, Scale(b, mean, 1.0, eps));
  return Mul(b, x, Broadcast(b, inverse, Extents(TensorTypeOf(x))));
}

// `operand` [H] as f32 with the extents of x.
mlir::Value Along(Builder& b, mlir::Value operand, mlir::Value x) {
  return Broadcast(b, Cast(b, operand, DType::kF32), Extents(TensorTypeOf(x)));
}

}  // namespace

llvm::SmallVector<mlir::Value> RmsNormOp::Decompose(mlir::OpBuilder& builder) {
  Builder b(getLoc(), builder);
  mlir::Value x = Cast(b, getX(), DType::kF32);
  mlir::Value weight = Along(b, getWeight(), x);
  if (!getOffset().isZero()) weight = Scale(b, weight, 1.0, getOffset().convertToDouble());
  return {Mul(b, Normalised(b, x, getEps().convertToDouble()), weight)};
}

llvm::SmallVector<mlir::Value> LayerNormOp::Decompose(mlir::OpBuilder& builder) {
  Builder b(getLoc(), builder);
  mlir::Value x = Cast(b, getX(), DType::kF32);
  mlir::Value mean = Broadcast(b, Reduce(b, "mean", x), Extents(TensorTypeOf(x)));
  mlir::Value normalised = Normalised(b, Sub(b, x, mean), getEps().convertToDouble());
  mlir::Value y = Mul(b, normalised, Along(b, getWeight(), x));
  return {getBias() ? Add(b, y, Along(b, getBias(), x)) : y};
}

// ---- rms_norm -------------------------------------------------------------------------------

llvm::LogicalResult RmsNormOp::inferReturnTypes(mlir::MLIRContext*, std::optional<mlir::Location>,
                                                Adaptor adaptor,
                                                llvm::SmallVectorImpl<mlir::Type>& types) {
  types.push_back(ResultType(adaptor.getX()));
  return mlir::success();
}

llvm::LogicalResult RmsNormOp::verify() {
  double offset = getOffset().convertToDouble();
  if (failed(VerifyPerComponent(*this, 1, "weight", getX(), getWeight())) ||
      failed(VerifyEps(*this, getEps()))) {
    return mlir::failure();
  }
  return Require(*this, offset == 0.0 || offset == 1.0, 3,
                 "offset is " + ToText(offset) + ", expected 0 or 1");
}

absl::Status RmsNormOp::Evaluate(EvalContext& context) {
  context.SetTensor(getY(),
                    RmsNormReference(context.Tensor(getX()), context.Tensor(getWeight()),
                                     getEps().convertToDouble(), getOffset().convertToDouble()));
  return absl::OkStatus();
}

// A square and a sum, then two products and the offset, for each element.
OpCost RmsNormOp::Cost() {
  return StreamingCost(*this, NumElements(TensorTypeOf(getX())) * SymExpr(5));
}

// ---- layer_norm -----------------------------------------------------------------------------

llvm::LogicalResult LayerNormOp::inferReturnTypes(mlir::MLIRContext*, std::optional<mlir::Location>,
                                                  Adaptor adaptor,
                                                  llvm::SmallVectorImpl<mlir::Type>& types) {
  types.push_back(ResultType(adaptor.getX()));
  return mlir::success();
}

llvm::LogicalResult LayerNormOp::verify() {
  if (failed(VerifyPerComponent(*this, 1, "weight", getX(), getWeight())) ||
      failed(VerifyEps(*this, getEps()))) {
    return mlir::failure();
  }
  return getBias() ? VerifyPerComponent(*this, 3, "bias", getX(), getBias()) : mlir::success();
}

absl::Status LayerNormOp::Evaluate(EvalContext& context) {
  context.SetTensor(
      getY(), LayerNormReference(context.Tensor(getX()), context.Tensor(getWeight()),
                                 context.TensorOrNull(getBias()), getEps().convertToDouble()));
  return absl::OkStatus();
}

// Mean, deviation, square, sum, then scale, weight and bias.
OpCost LayerNormOp::Cost() {
  return StreamingCost(*this, NumElements(TensorTypeOf(getX())) * SymExpr(getBias() ? 7 : 6));
}

}  // namespace lathe
