#include "ops/elementwise/elementwise_ops.h"

#include <algorithm>
#include <limits>

#include "ops/elementwise/elementwise_build.h"
#include "ops/elementwise/elementwise_reference.h"
#include "runtime/base/check.h"
#include "runtime/base/status_macros.h"
#define GET_OP_CLASSES
#include "ops/elementwise/elementwise_ops.cc.inc"

namespace lathe {

void RegisterElementwiseOps(LatheDialect& dialect) {
  dialect.AddOps<
#define GET_OP_LIST
#include "ops/elementwise/elementwise_ops.cc.inc"
      >();
}

namespace {

llvm::SmallVector<Extent> DynamicPrefix(mlir::RankedTensorType type) {
  llvm::SmallVector<Extent> extents = Extents(type);
  return llvm::to_vector(llvm::ArrayRef<Extent>(extents).take_while(
      [](const Extent& extent) { return !extent.is_static(); }));
}

bool HasStaticTail(mlir::RankedTensorType type) {
  return DynamicPrefix(type).size() == static_cast<size_t>(type.getNumDynamicDims());
}

int64_t StaticProduct(mlir::RankedTensorType type) {
  int64_t product = 1;
  for (int64_t size : type.getShape()) product *= mlir::ShapedType::isDynamic(size) ? 1 : size;
  return product;
}

OpCost PerElement(mlir::Operation* op, int64_t flops) {
  return StreamingCost(op, NumElements(TensorTypeOf(op->getResult(0))) * SymExpr(flops));
}

absl::Status EvaluateUnary(EvalContext& context, mlir::Operation* op, UnaryKind kind) {
  context.SetTensor(op->getResult(0), UnaryReference(kind, context.Tensor(op->getOperand(0))));
  return absl::OkStatus();
}

absl::Status EvaluateBinary(EvalContext& context, mlir::Operation* op, BinaryKind kind) {
  context.SetTensor(op->getResult(0), BinaryReference(kind, context.Tensor(op->getOperand(0)),
                                                      context.Tensor(op->getOperand(1))));
  return absl::OkStatus();
}

std::optional<ReduceKind> ParseReduceKind(llvm::StringRef kind) {
  if (kind == "sum") return ReduceKind::kSum;
  if (kind == "max") return ReduceKind::kMax;
  if (kind == "mean") return ReduceKind::kMean;
  return std::nullopt;
}

}  // namespace

// ---- one operand, two operands --------------------------------------------------------------

#define LATHE_UNARY(Op, kind)                              \
  absl::Status Op::Evaluate(EvalContext& context) {        \
    return EvaluateUnary(context, *this, UnaryKind::kind); \
  }                                                        \
  OpCost Op::Cost() { return PerElement(*this, 1); }
LATHE_UNARY(NegOp, kNeg)
LATHE_UNARY(ExpOp, kExp)
LATHE_UNARY(RsqrtOp, kRsqrt)
LATHE_UNARY(CosOp, kCos)
LATHE_UNARY(SinOp, kSin)
LATHE_UNARY(SigmoidOp, kSigmoid)
LATHE_UNARY(SiluOp, kSilu)
LATHE_UNARY(SoftplusOp, kSoftplus)
#undef LATHE_UNARY

#define LATHE_BINARY(Op, kind)                               \
  absl::Status Op::Evaluate(EvalContext& context) {          \
    return EvaluateBinary(context, *this, BinaryKind::kind); \
  }                                                          \
  OpCost Op::Cost() { return PerElement(*this, 1); }
LATHE_BINARY(AddOp, kAdd)
LATHE_BINARY(SubOp, kSub)
LATHE_BINARY(MulOp, kMul)
LATHE_BINARY(DivOp, kDiv)
#undef LATHE_BINARY

llvm::LogicalResult ClampOp::verify() {
  double low = getLow().convertToDouble();
  double high = getHigh().convertToDouble();
  return Require(*this, low <= high, 1,
                 "low is " + ToText(low) + ", high is " + ToText(high) + ", expected low <= high");
}

absl::Status ClampOp::Evaluate(EvalContext& context) {
  context.SetTensor(getY(), ClampReference(context.Tensor(getX()), getLow().convertToDouble(),
                                           getHigh().convertToDouble()));
  return absl::OkStatus();
}

OpCost ClampOp::Cost() { return PerElement(*this, 2); }

absl::Status ScaleOp::Evaluate(EvalContext& context) {
  context.SetTensor(getY(), ScaleReference(context.Tensor(getX()), getFactor().convertToDouble(),
                                           getOffset().convertToDouble()));
  return absl::OkStatus();
}

OpCost ScaleOp::Cost() { return PerElement(*this, getOffset().isZero() ? 1 : 2); }

llvm::LogicalResult SwigluOp::verify() {
  return Require(*this, getLimit().isFinite() && getLimit().convertToDouble() >= 0, 1,
                 "limit is " + ToText(getLimit().convertToDouble()) +
                     ", expected a finite number, 0 or above");
}

absl::Status SwigluOp::Evaluate(EvalContext& context) {
  context.SetTensor(getY(), SwigluReference(context.Tensor(getGate()), context.Tensor(getUp()),
                                            getLimit().convertToDouble()));
  return absl::OkStatus();
}

// silu is an exponential, a sum, a quotient; then the product.
OpCost SwigluOp::Cost() { return PerElement(*this, getLimit().isZero() ? 4 : 7); }

// ---- decompositions: in f32, rounded at the end, as the references do -----------------------

namespace {

DType ElementDType(mlir::Value x) {
  std::optional<DType> dtype = DTypeOf(TensorTypeOf(x).getElementType());
  LATHE_CHECK(dtype.has_value()) << "a verified operand has a dtype";
  return *dtype;
}

// 1 + e^-x
mlir::Value OnePlusExpOfMinus(Builder& b, mlir::Value x) {
  return Scale(b, Exp(b, Neg(b, x)), 1.0, 1.0);
}

mlir::Value SiluOf(Builder& b, mlir::Value x) { return Div(b, x, OnePlusExpOfMinus(b, x)); }

}  // namespace

llvm::SmallVector<mlir::Value> SigmoidOp::Decompose(mlir::OpBuilder& builder) {
  Builder b(getLoc(), builder);
  mlir::Value x = Cast(b, getX(), DType::kF32);
  mlir::Value one = Scale(b, x, 0.0, 1.0);
  return {Cast(b, Div(b, one, OnePlusExpOfMinus(b, x)), ElementDType(getX()))};
}

llvm::SmallVector<mlir::Value> SiluOp::Decompose(mlir::OpBuilder& builder) {
  Builder b(getLoc(), builder);
  return {Cast(b, SiluOf(b, Cast(b, getX(), DType::kF32)), ElementDType(getX()))};
}

llvm::SmallVector<mlir::Value> SwigluOp::Decompose(mlir::OpBuilder& builder) {
  Builder b(getLoc(), builder);
  mlir::Value gate = SiluOf(b, Cast(b, getGate(), DType::kF32));
  mlir::Value up = Cast(b, getUp(), DType::kF32);
  double limit = getLimit().convertToDouble();
  if (limit > 0) {
    gate = Clamp(b, gate, -std::numeric_limits<double>::infinity(), limit);
    up = Clamp(b, up, -limit, limit);
  }
  return {Cast(b, Mul(b, gate, up), ElementDType(getGate()))};
}

// ---- extents and element types --------------------------------------------------------------

llvm::LogicalResult CastOp::verify() {
  if (failed(RequireShape(*this, 1, "y", TensorTypeOf(getY()), Extents(TensorTypeOf(getX())),
                          "the extents of x"))) {
    return mlir::failure();
  }
  return Require(*this, llvm::isa<mlir::FloatType>(TensorTypeOf(getY()).getElementType()), 2,
                 "the result is not a float");
}

absl::Status CastOp::Evaluate(EvalContext& context) {
  std::optional<DType> dtype = DTypeOf(TensorTypeOf(getY()).getElementType());
  LATHE_CHECK(dtype.has_value()) << "a verified cast has a dtype";
  context.SetTensor(getY(), context.Tensor(getX()).Cast(*dtype));
  return absl::OkStatus();
}

OpCost CastOp::Cost() { return PerElement(*this, 0); }

llvm::LogicalResult ReshapeOp::verify() {
  mlir::RankedTensorType x = TensorTypeOf(getX());
  mlir::RankedTensorType y = TensorTypeOf(getY());
  std::string shapes = DescribeShape(x) + " to " + DescribeShape(y);
  if (failed(Require(*this, x.getElementType() == y.getElementType(), 1,
                     shapes + " changes the element type")) ||
      failed(Require(*this,
                     HasStaticTail(x) && HasStaticTail(y) && DynamicPrefix(x) == DynamicPrefix(y),
                     2, shapes + ": the dynamic extents must lead and stay"))) {
    return mlir::failure();
  }
  return Require(*this, StaticProduct(x) == StaticProduct(y), 3,
                 shapes + ": the products of the static extents differ");
}

absl::Status ReshapeOp::Evaluate(EvalContext& context) {
  LATHE_ASSIGN_OR_RETURN(std::vector<int64_t> shape, context.Shape(TensorTypeOf(getY())));
  context.SetTensor(getY(), context.Tensor(getX()).Reshaped(std::move(shape)));
  return absl::OkStatus();
}

// Row-major order stays: nothing moves.
OpCost ReshapeOp::Cost() { return {}; }

llvm::LogicalResult ReduceOp::inferReturnTypes(mlir::MLIRContext*, std::optional<mlir::Location>,
                                               Adaptor adaptor,
                                               llvm::SmallVectorImpl<mlir::Type>& types) {
  mlir::RankedTensorType x = TensorTypeOf(adaptor.getX());
  types.push_back(x.getRank() == 0 ? x : WithLastExtent(x, 1));
  return mlir::success();
}

llvm::LogicalResult ReduceOp::verify() {
  if (failed(Require(*this, ParseReduceKind(getKind()).has_value(), 1,
                     "kind is \"" + getKind() + "\", expected \"sum\", \"max\" or \"mean\""))) {
    return mlir::failure();
  }
  return RequireStaticLastExtent(*this, 2, "x", TensorTypeOf(getX()));
}

absl::Status ReduceOp::Evaluate(EvalContext& context) {
  std::optional<ReduceKind> kind = ParseReduceKind(getKind());
  LATHE_CHECK(kind.has_value()) << "a verified reduce has a kind";
  context.SetTensor(getY(), ReduceReference(*kind, context.Tensor(getX())));
  return absl::OkStatus();
}

OpCost ReduceOp::Cost() { return StreamingCost(*this, NumElements(TensorTypeOf(getX()))); }

llvm::LogicalResult BroadcastOp::verify() {
  mlir::RankedTensorType x = TensorTypeOf(getX());
  mlir::RankedTensorType y = TensorTypeOf(getY());
  std::string shapes = DescribeShape(x) + " to " + DescribeShape(y);
  if (failed(Require(*this, x.getElementType() == y.getElementType(), 1,
                     shapes + " changes the element type")) ||
      failed(Require(*this, x.getRank() <= y.getRank(), 2, shapes + " lowers the rank"))) {
    return mlir::failure();
  }
  llvm::SmallVector<Extent> from = Extents(x);
  llvm::SmallVector<Extent> to = Extents(y);
  for (size_t i = 0; i < from.size(); ++i) {
    const Extent& source = from[i];
    if (failed(Require(*this,
                       source == Extent(int64_t{1}) || source == to[to.size() - from.size() + i], 3,
                       shapes + ": each extent must be 1 or stay"))) {
      return mlir::failure();
    }
  }
  return mlir::success();
}

absl::Status BroadcastOp::Evaluate(EvalContext& context) {
  LATHE_ASSIGN_OR_RETURN(std::vector<int64_t> shape, context.Shape(TensorTypeOf(getY())));
  context.SetTensor(getY(), BroadcastReference(context.Tensor(getX()), std::move(shape)));
  return absl::OkStatus();
}

OpCost BroadcastOp::Cost() { return PerElement(*this, 0); }

llvm::LogicalResult SliceOp::inferReturnTypes(mlir::MLIRContext*, std::optional<mlir::Location>,
                                              Adaptor adaptor,
                                              llvm::SmallVectorImpl<mlir::Type>& types) {
  mlir::RankedTensorType x = TensorTypeOf(adaptor.getX());
  // Bad bounds are the verifier's to name; a type needs an extent that is not negative.
  auto extent = static_cast<int64_t>(adaptor.getEnd()) - static_cast<int64_t>(adaptor.getBegin());
  types.push_back(x.getRank() == 0 ? x : WithLastExtent(x, std::max<int64_t>(0, extent)));
  return mlir::success();
}

llvm::LogicalResult SliceOp::verify() {
  mlir::RankedTensorType x = TensorTypeOf(getX());
  if (failed(RequireStaticLastExtent(*this, 1, "x", x))) return mlir::failure();
  auto begin = static_cast<int64_t>(getBegin());
  auto end = static_cast<int64_t>(getEnd());
  return Require(*this, begin >= 0 && begin < end && end <= x.getShape().back(), 2,
                 "[" + llvm::Twine(begin) + ", " + llvm::Twine(end) + ") of " + DescribeShape(x));
}

absl::Status SliceOp::Evaluate(EvalContext& context) {
  context.SetTensor(getY(), SliceReference(context.Tensor(getX()), static_cast<int64_t>(getBegin()),
                                           static_cast<int64_t>(getEnd())));
  return absl::OkStatus();
}

OpCost SliceOp::Cost() {
  SymExpr bytes = NumBytes(TensorTypeOf(getY()));
  return {SymExpr(0), bytes, bytes};
}

llvm::LogicalResult ConcatOp::inferReturnTypes(mlir::MLIRContext*,
                                               std::optional<mlir::Location> location,
                                               Adaptor adaptor,
                                               llvm::SmallVectorImpl<mlir::Type>& types) {
  if (adaptor.getParts().empty()) {
    return mlir::emitOptionalError(location, "nothing to infer the type of a lathe.concat from");
  }
  // What cannot be joined is left out of the sum; the verifier names it.
  int64_t width = 0;
  for (mlir::Value part : adaptor.getParts()) {
    mlir::RankedTensorType type = TensorTypeOf(part);
    if (type.getRank() > 0 && !type.isDynamicDim(type.getRank() - 1))
      width += type.getShape().back();
  }
  mlir::RankedTensorType first = TensorTypeOf(adaptor.getParts().front());
  types.push_back(first.getRank() == 0 ? first : WithLastExtent(first, width));
  return mlir::success();
}

llvm::LogicalResult ConcatOp::verify() {
  if (failed(Require(*this, !getParts().empty(), 1, "nothing to join"))) return mlir::failure();
  mlir::RankedTensorType first = TensorTypeOf(getParts().front());
  for (mlir::Value part : getParts()) {
    mlir::RankedTensorType type = TensorTypeOf(part);
    if (failed(RequireStaticLastExtent(*this, 2, "a part", type))) return mlir::failure();
    bool agrees =
        type.getRank() == first.getRank() && WithLastExtent(type, 1) == WithLastExtent(first, 1);
    if (failed(Require(*this, agrees, 2,
                       DescribeShape(first) + " and " + DescribeShape(type) +
                           " differ before the last extent, or in their element type"))) {
      return mlir::failure();
    }
  }
  return mlir::success();
}

absl::Status ConcatOp::Evaluate(EvalContext& context) {
  std::vector<const HostTensor*> parts;
  for (mlir::Value part : getParts()) parts.push_back(&context.Tensor(part));
  context.SetTensor(getY(), ConcatReference(parts));
  return absl::OkStatus();
}

OpCost ConcatOp::Cost() { return PerElement(*this, 0); }

}  // namespace lathe
