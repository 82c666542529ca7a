#include "ops/sampling/sampling_ops.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "ops/sampling/sampling_reference.h"
#include "ops/sampling/source/choose_row.h"
#include "runtime/base/status_macros.h"
#define GET_OP_CLASSES
#include "ops/sampling/sampling_ops.cc.inc"

namespace lathe {

void RegisterSamplingOps(LatheDialect& dialect) {
  dialect.AddOps<
#define GET_OP_LIST
#include "ops/sampling/sampling_ops.cc.inc"
      >();
}

namespace {

// Columns of a block: what the vectors of CPU kernels hold, so that a product has the largest of a
// block at hand while the block is still in a register.
constexpr int64_t kBlock = 16;

int64_t NumBlocks(mlir::RankedTensorType x, int64_t block) {
  return (x.getShape().back() - 1) / block + 1;
}

// One id a row of `x`; a scalar, which has none, is left to the verifiers.
mlir::RankedTensorType IdsType(mlir::RankedTensorType x) {
  llvm::SmallVector<Extent> extents = Extents(x);
  if (extents.size() > 1) extents.truncate(1);
  return MakeTensorType(x.getContext(), extents, mlir::IntegerType::get(x.getContext(), 32));
}

llvm::LogicalResult VerifyChoice(mlir::Operation* op, mlir::Value x, mlir::Value limits) {
  mlir::RankedTensorType type = TensorTypeOf(x);
  if (failed(RequireRank(op, 1, "x", type, 2)) ||
      failed(RequireStaticLastExtent(op, 2, "x", type))) {
    return mlir::failure();
  }
  const int64_t columns = type.getShape().back();
  if (failed(Require(op, columns <= std::numeric_limits<int32_t>::max(), 2,
                     "x has " + llvm::Twine(columns) + " columns, more than ids of 32 bits"))) {
    return mlir::failure();
  }
  return RequireShape(op, 3, "limits", TensorTypeOf(limits), {Extents(type).front()},
                      "one limit a row");
}

llvm::LogicalResult VerifyBlock(mlir::Operation* op, int constraint, int64_t block) {
  return Require(op, block > 0, constraint,
                 "block is " + llvm::Twine(block) + ", expected a positive number");
}

}  // namespace

// ---- argmax ---------------------------------------------------------------------------------

llvm::LogicalResult ArgmaxOp::inferReturnTypes(mlir::MLIRContext*, std::optional<mlir::Location>,
                                               Adaptor adaptor,
                                               llvm::SmallVectorImpl<mlir::Type>& types) {
  types.push_back(IdsType(TensorTypeOf(adaptor.getX())));
  return mlir::success();
}

llvm::LogicalResult ArgmaxOp::verify() { return VerifyChoice(*this, getX(), getLimits()); }

absl::Status ArgmaxOp::Evaluate(EvalContext& context) {
  context.SetTensor(getIds(), ArgmaxReference(context.Tensor(getX()), context.Tensor(getLimits())));
  return absl::OkStatus();
}

llvm::SmallVector<mlir::Value> ArgmaxOp::Decompose(mlir::OpBuilder& builder) {
  auto maxima = BlockMaxOp::create(builder, getLoc(), getX(), kBlock);
  return {ArgmaxByBlocksOp::create(builder, getLoc(), getX(), maxima, getLimits(), kBlock)};
}

// Comparisons are no arithmetic.
OpCost ArgmaxOp::Cost() { return StreamingCost(*this, SymExpr(0)); }

// ---- block_max ------------------------------------------------------------------------------

llvm::LogicalResult BlockMaxOp::inferReturnTypes(mlir::MLIRContext*, std::optional<mlir::Location>,
                                                 Adaptor adaptor,
                                                 llvm::SmallVectorImpl<mlir::Type>& types) {
  mlir::RankedTensorType x = TensorTypeOf(adaptor.getX());
  const int64_t block = adaptor.getBlock();
  // What has no blocks is refused by the verifier, whatever its type.
  const bool has_blocks =
      block > 0 && x.getRank() > 0 && !mlir::ShapedType::isDynamic(x.getShape().back());
  types.push_back(has_blocks ? WithLastExtent(x, NumBlocks(x, block)) : x);
  return mlir::success();
}

llvm::LogicalResult BlockMaxOp::verify() {
  mlir::RankedTensorType x = TensorTypeOf(getX());
  if (failed(RequireRank(*this, 1, "x", x, 2)) ||
      failed(RequireStaticLastExtent(*this, 2, "x", x))) {
    return mlir::failure();
  }
  return VerifyBlock(*this, 3, getBlock());
}

absl::Status BlockMaxOp::Evaluate(EvalContext& context) {
  context.SetTensor(getMaxima(), BlockMaxReference(context.Tensor(getX()), getBlock()));
  return absl::OkStatus();
}

OpCost BlockMaxOp::Cost() { return StreamingCost(*this, SymExpr(0)); }

// ---- argmax_by_blocks -----------------------------------------------------------------------

llvm::LogicalResult ArgmaxByBlocksOp::inferReturnTypes(mlir::MLIRContext*,
                                                       std::optional<mlir::Location>,
                                                       Adaptor adaptor,
                                                       llvm::SmallVectorImpl<mlir::Type>& types) {
  types.push_back(IdsType(TensorTypeOf(adaptor.getX())));
  return mlir::success();
}

llvm::LogicalResult ArgmaxByBlocksOp::verify() {
  if (failed(VerifyChoice(*this, getX(), getLimits())) ||
      failed(VerifyBlock(*this, 4, getBlock()))) {
    return mlir::failure();
  }
  mlir::RankedTensorType x = TensorTypeOf(getX());
  return RequireShape(*this, 5, "maxima", TensorTypeOf(getMaxima()),
                      {Extents(x).front(), NumBlocks(x, getBlock())}, "one element a block of x");
}

absl::Status ArgmaxByBlocksOp::Evaluate(EvalContext& context) {
  context.SetTensor(getIds(),
                    ArgmaxByBlocksReference(context.Tensor(getX()), context.Tensor(getMaxima()),
                                            context.Tensor(getLimits()), getBlock()));
  return absl::OkStatus();
}

// All maxima, and one block of x a row.
OpCost ArgmaxByBlocksOp::Cost() {
  mlir::RankedTensorType limits = TensorTypeOf(getLimits());
  const int64_t columns = std::min<int64_t>(getBlock(), TensorTypeOf(getX()).getShape().back());
  SymExpr block = NumElements(limits) * SymExpr(4 * columns);
  return {SymExpr(0), NumBytes(TensorTypeOf(getMaxima())) + NumBytes(limits) + block,
          NumBytes(TensorTypeOf(getIds()))};
}

// ---- sample ---------------------------------------------------------------------------------

llvm::LogicalResult SampleOp::inferReturnTypes(mlir::MLIRContext*, std::optional<mlir::Location>,
                                               Adaptor adaptor,
                                               llvm::SmallVectorImpl<mlir::Type>& types) {
  types.push_back(IdsType(TensorTypeOf(adaptor.getX())));
  return mlir::success();
}

llvm::LogicalResult SampleOp::verify() {
  if (failed(VerifyChoice(*this, getX(), getLimits()))) return mlir::failure();
  mlir::RankedTensorType x = TensorTypeOf(getX());
  const int64_t columns = x.getShape().back();
  mlir::RankedTensorType lists = TensorTypeOf(getListIds());
  const Extent rows = Extents(x).front();
  if (failed(Require(*this, columns <= sampling::kMaxVocabulary, 2,
                     "x has " + llvm::Twine(columns) + " columns, more than the " +
                         llvm::Twine(sampling::kMaxVocabulary) + " that can be drawn among")) ||
      failed(RequireShape(*this, 4, "greedy_ids", TensorTypeOf(getGreedyIds()), {rows},
                          "one id a row")) ||
      failed(RequireShape(*this, 5, "settings", TensorTypeOf(getSettings()),
                          {rows, int64_t{sampling::kNumSettings}}, "settings of a row")) ||
      failed(RequireShape(*this, 6, "numbers", TensorTypeOf(getNumbers()),
                          {rows, int64_t{sampling::kNumNumbers}}, "numbers of a row")) ||
      failed(RequireRank(*this, 7, "list_ids", lists, 1))) {
    return mlir::failure();
  }
  return RequireShape(*this, 8, "list_values", TensorTypeOf(getListValues()),
                      {Extents(lists).front()}, "one value an id");
}

absl::Status SampleOp::Evaluate(EvalContext& context) {
  LATHE_ASSIGN_OR_RETURN(HostTensor ids,
                         SampleReference({.x = context.Tensor(getX()),
                                          .greedy_ids = context.Tensor(getGreedyIds()),
                                          .limits = context.Tensor(getLimits()),
                                          .settings = context.Tensor(getSettings()),
                                          .numbers = context.Tensor(getNumbers()),
                                          .list_ids = context.Tensor(getListIds()),
                                          .list_values = context.Tensor(getListValues())}));
  context.SetTensor(getIds(), std::move(ids));
  return absl::OkStatus();
}

// Of rows that keep their greedy ids: what others read of x depends on their settings.
OpCost SampleOp::Cost() {
  return {SymExpr(0),
          NumBytes(TensorTypeOf(getSettings())) + NumBytes(TensorTypeOf(getGreedyIds())),
          NumBytes(TensorTypeOf(getIds()))};
}

}  // namespace lathe
