#include "ops/moe/moe_ops.h"

#include <limits>
#include <utility>

#include "ops/moe/moe_reference.h"
#include "runtime/base/status_macros.h"
#define GET_OP_CLASSES
#include "ops/moe/moe_ops.cc.inc"

namespace lathe {

void RegisterMoeOps(LatheDialect& dialect) {
  dialect.AddOps<
#define GET_OP_LIST
#include "ops/moe/moe_ops.cc.inc"
      >();
}

namespace {

constexpr char kSoftmax[] = "softmax";
constexpr char kSigmoid[] = "sigmoid";

mlir::RankedTensorType I32Tensor(mlir::MLIRContext* context, llvm::ArrayRef<Extent> extents) {
  return MakeTensorType(context, extents, mlir::IntegerType::get(context, 32));
}
mlir::RankedTensorType F32Tensor(mlir::MLIRContext* context, llvm::ArrayRef<Extent> extents) {
  return MakeTensorType(context, extents, mlir::Float32Type::get(context));
}

// Extents of a type that is not yet verified: extent `axis`, or one of 1 where there is none.
Extent ExtentOr1(mlir::RankedTensorType type, int64_t axis) {
  llvm::SmallVector<Extent> extents = Extents(type);
  return axis < static_cast<int64_t>(extents.size()) ? extents[static_cast<size_t>(axis)]
                                                     : Extent(1);
}

}  // namespace

// ---- moe_route ------------------------------------------------------------------------------

llvm::LogicalResult MoeRouteOp::inferReturnTypes(mlir::MLIRContext* context,
                                                 std::optional<mlir::Location>, Adaptor adaptor,
                                                 llvm::SmallVectorImpl<mlir::Type>& types) {
  const Extent rows = ExtentOr1(TensorTypeOf(adaptor.getScores()), 0);
  const int64_t top_k = std::max<int64_t>(adaptor.getTopK(), 1);
  types.push_back(I32Tensor(context, {rows, top_k}));
  types.push_back(F32Tensor(context, {rows, top_k}));
  return mlir::success();
}

llvm::LogicalResult MoeRouteOp::verify() {
  mlir::RankedTensorType scores = TensorTypeOf(getScores());
  if (failed(RequireRank(*this, 1, "scores", scores, 2)) ||
      failed(RequireStaticLastExtent(*this, 2, "scores", scores))) {
    return mlir::failure();
  }
  const int64_t experts = scores.getShape().back();
  const auto top_k = static_cast<int64_t>(getTopK());
  if (failed(
          Require(*this, top_k >= 1 && top_k <= experts, 3,
                  "top_k is " + llvm::Twine(top_k) + ", expected 1 to " + llvm::Twine(experts)))) {
    return mlir::failure();
  }
  if (getBias() && failed(RequireShape(*this, 4, "bias", TensorTypeOf(getBias()), {experts},
                                       "one element an expert"))) {
    return mlir::failure();
  }
  return Require(*this, getScore() == kSoftmax || getScore() == kSigmoid, 5,
                 "score is \"" + getScore() + "\", expected softmax or sigmoid");
}

void MoeRouteOp::getAsmResultNames(mlir::OpAsmSetValueNameFn set_name) {
  set_name(getExperts(), "experts");
  set_name(getWeights(), "weights");
}

absl::Status MoeRouteOp::Evaluate(EvalContext& context) {
  const HostTensor& scores = context.Tensor(getScores());
  MoeRoutes routes = MoeRouteReference(
      scores, context.TensorOrNull(getBias()),
      {.num_experts = static_cast<int32_t>(scores.width()),
       .top_k = static_cast<int32_t>(getTopK()),
       .score = getScore() == kSigmoid ? moe::Score::kSigmoid : moe::Score::kSoftmax,
       .normalize = getNormalize(),
       .scale = static_cast<float>(getScale().convertToDouble())});
  context.SetTensor(getExperts(), std::move(routes.experts));
  context.SetTensor(getWeights(), std::move(routes.weights));
  return absl::OkStatus();
}

// A function and a sum for each score; comparisons are no arithmetic.
OpCost MoeRouteOp::Cost() {
  return StreamingCost(*this, NumElements(TensorTypeOf(getScores())) * SymExpr(2));
}

// ---- moe_dispatch ---------------------------------------------------------------------------

llvm::LogicalResult MoeDispatchOp::inferReturnTypes(mlir::MLIRContext* context,
                                                    std::optional<mlir::Location>, Adaptor adaptor,
                                                    llvm::SmallVectorImpl<mlir::Type>& types) {
  types.assign(2, adaptor.getExperts().getType());
  types.push_back(I32Tensor(context, {std::max<int64_t>(adaptor.getNumExperts(), 1)}));
  return mlir::success();
}

llvm::LogicalResult MoeDispatchOp::verify() {
  mlir::RankedTensorType experts = TensorTypeOf(getExperts());
  if (failed(RequireRank(*this, 1, "experts", experts, 2)) ||
      failed(RequireStaticLastExtent(*this, 1, "experts", experts))) {
    return mlir::failure();
  }
  const auto count = static_cast<int64_t>(getNumExperts());
  return Require(
      *this, count > 0 && count <= std::numeric_limits<int32_t>::max(), 2,
      "num_experts is " + llvm::Twine(count) + ", expected a positive number that fits an id");
}

void MoeDispatchOp::getAsmResultNames(mlir::OpAsmSetValueNameFn set_name) {
  set_name(getRows(), "rows");
  set_name(getPlaces(), "places");
  set_name(getEnds(), "ends");
}

absl::Status MoeDispatchOp::Evaluate(EvalContext& context) {
  LATHE_ASSIGN_OR_RETURN(
      MoeOrder order,
      MoeDispatchReference(context.Tensor(getExperts()), static_cast<int64_t>(getNumExperts())));
  context.SetTensor(getRows(), std::move(order.rows));
  context.SetTensor(getPlaces(), std::move(order.places));
  context.SetTensor(getEnds(), std::move(order.ends));
  return absl::OkStatus();
}

OpCost MoeDispatchOp::Cost() { return StreamingCost(*this, SymExpr(0)); }

// ---- grouped_matmul -------------------------------------------------------------------------

llvm::LogicalResult GroupedMatmulOp::inferReturnTypes(mlir::MLIRContext* context,
                                                      std::optional<mlir::Location>,
                                                      Adaptor adaptor,
                                                      llvm::SmallVectorImpl<mlir::Type>& types) {
  mlir::RankedTensorType choices =
      TensorTypeOf(adaptor.getRows() ? adaptor.getRows() : adaptor.getX());
  types.push_back(F32Tensor(context, {ExtentOr1(choices, 0), ExtentOr1(choices, 1),
                                      ExtentOr1(TensorTypeOf(adaptor.getWeight()), 1)}));
  return mlir::success();
}

llvm::LogicalResult GroupedMatmulOp::verify() {
  mlir::RankedTensorType x = TensorTypeOf(getX());
  mlir::RankedTensorType weight = TensorTypeOf(getWeight());
  if (failed(RequireRank(*this, 1, "x", x, getRows() ? 2 : 3)) ||
      failed(RequireStaticLastExtent(*this, 1, "x", x))) {
    return mlir::failure();
  }
  if (getRows()) {
    mlir::RankedTensorType rows = TensorTypeOf(getRows());
    if (failed(RequireRank(*this, 1, "rows", rows, 2)) ||
        failed(RequireShape(*this, 1, "rows", rows, {Extents(x)[0], Extents(rows)[1]},
                            "choices of the rows of x"))) {
      return mlir::failure();
    }
  }
  if (failed(RequireRank(*this, 2, "weight", weight, 3))) return mlir::failure();
  llvm::SmallVector<Extent> matrices = Extents(weight);
  if (failed(RequireShape(*this, 2, "weight", weight, {matrices[0], matrices[1], Extents(x).back()},
                          "the last extent of x"))) {
    return mlir::failure();
  }
  return RequireShape(*this, 3, "ends", TensorTypeOf(getEnds()), {matrices[0]},
                      "one end an expert");
}

absl::Status GroupedMatmulOp::Evaluate(EvalContext& context) {
  LATHE_ASSIGN_OR_RETURN(
      HostTensor y, GroupedMatmulReference(context.Tensor(getX()), context.TensorOrNull(getRows()),
                                           context.Tensor(getEnds()), context.Tensor(getWeight()),
                                           context.accumulate()));
  context.SetTensor(getY(), std::move(y));
  return absl::OkStatus();
}

// Of the matrices those of active_experts are read: how many experts the rows of the step visit is
// no extent, who evaluates the cost provides it.
OpCost GroupedMatmulOp::Cost() {
  mlir::RankedTensorType weight = TensorTypeOf(getWeight());
  llvm::SmallVector<Extent> matrices = Extents(weight);
  const SymExpr flops = NumElements(TensorTypeOf(getY())) * matrices[2].expr() * SymExpr(2);
  SymExpr read = NumBytes(TensorTypeOf(getX())) + NumBytes(TensorTypeOf(getEnds())) +
                 RowBytes(weight) * SymExpr::Symbol("active_experts");
  if (getRows()) read += NumBytes(TensorTypeOf(getRows()));
  return {flops, read, NumBytes(TensorTypeOf(getY()))};
}

// ---- moe_combine ----------------------------------------------------------------------------

llvm::LogicalResult MoeCombineOp::inferReturnTypes(mlir::MLIRContext* context,
                                                   std::optional<mlir::Location>, Adaptor adaptor,
                                                   llvm::SmallVectorImpl<mlir::Type>& types) {
  mlir::RankedTensorType x = TensorTypeOf(adaptor.getX());
  types.push_back(F32Tensor(context, {ExtentOr1(x, 0), ExtentOr1(x, 2)}));
  return mlir::success();
}

llvm::LogicalResult MoeCombineOp::verify() {
  mlir::RankedTensorType x = TensorTypeOf(getX());
  if (failed(RequireRank(*this, 1, "x", x, 3))) return mlir::failure();
  const llvm::SmallVector<Extent> choices = {Extents(x)[0], Extents(x)[1]};
  if (failed(RequireShape(*this, 2, "places", TensorTypeOf(getPlaces()), choices,
                          "one place a choice"))) {
    return mlir::failure();
  }
  return RequireShape(*this, 3, "weights", TensorTypeOf(getWeights()), choices,
                      "one weight a choice");
}

absl::Status MoeCombineOp::Evaluate(EvalContext& context) {
  LATHE_ASSIGN_OR_RETURN(HostTensor y,
                         MoeCombineReference(context.Tensor(getX()), context.Tensor(getPlaces()),
                                             context.Tensor(getWeights())));
  context.SetTensor(getY(), std::move(y));
  return absl::OkStatus();
}

OpCost MoeCombineOp::Cost() {
  return StreamingCost(*this, NumElements(TensorTypeOf(getX())) * SymExpr(2));
}

}  // namespace lathe
