#include "ops/embedding/embedding_ops.h"

#include "ops/elementwise/elementwise_build.h"
#include "ops/embedding/embedding_build.h"
#include "ops/embedding/embedding_reference.h"
#define GET_OP_CLASSES
#include "ops/embedding/embedding_ops.cc.inc"

namespace lathe {

void RegisterEmbeddingOps(LatheDialect& dialect) {
  dialect.AddOps<
#define GET_OP_LIST
#include "ops/embedding/embedding_ops.cc.inc"
      >();
}

namespace {

// The type of rows chosen from `x` by `rows`; a scalar, which has none, is left to the verifiers.
mlir::RankedTensorType RowsType(mlir::RankedTensorType x, mlir::RankedTensorType rows,
                                mlir::Type element) {
  llvm::SmallVector<Extent> extents = Extents(rows);
  llvm::SmallVector<Extent> row = Extents(x);
  if (!row.empty()) row.erase(row.begin());
  llvm::append_range(extents, row);
  return MakeTensorType(x.getContext(), extents, element);
}

}  // namespace

llvm::LogicalResult EmbedOp::inferReturnTypes(mlir::MLIRContext* context,
                                              std::optional<mlir::Location>, Adaptor adaptor,
                                              llvm::SmallVectorImpl<mlir::Type>& types) {
  types.push_back(RowsType(TensorTypeOf(adaptor.getTable()), TensorTypeOf(adaptor.getTokens()),
                           mlir::Float32Type::get(context)));
  return mlir::success();
}

llvm::LogicalResult EmbedOp::verify() {
  if (failed(RequireRank(*this, 1, "table", TensorTypeOf(getTable()), 2)) ||
      failed(RequireRank(*this, 2, "tokens", TensorTypeOf(getTokens()), 1))) {
    return mlir::failure();
  }
  return Require(*this, getMultiplier().isFinite(), 3, "multiplier is not finite");
}

absl::Status EmbedOp::Evaluate(EvalContext& context) {
  context.SetTensor(getY(), EmbedReference(context.Tensor(getTable()), context.Tensor(getTokens()),
                                           getMultiplier().convertToDouble()));
  return absl::OkStatus();
}

llvm::SmallVector<mlir::Value> EmbedOp::Decompose(mlir::OpBuilder& builder) {
  Builder b(getLoc(), builder);
  mlir::Value rows = Cast(b, GatherRows(b, getTable(), getTokens()), DType::kF32);
  double multiplier = getMultiplier().convertToDouble();
  return {multiplier == 1.0 ? rows : Scale(b, rows, multiplier)};
}

// Only the chosen rows are read.
OpCost EmbedOp::Cost() {
  mlir::RankedTensorType y = TensorTypeOf(getY());
  mlir::RankedTensorType tokens = TensorTypeOf(getTokens());
  SymExpr flops = getMultiplier().isExactlyValue(1.0) ? SymExpr(0) : NumElements(y);
  SymExpr rows = NumElements(tokens) * RowBytes(TensorTypeOf(getTable()));
  return {flops, NumBytes(tokens) + rows, NumBytes(y)};
}

llvm::LogicalResult GatherRowsOp::inferReturnTypes(mlir::MLIRContext*,
                                                   std::optional<mlir::Location>, Adaptor adaptor,
                                                   llvm::SmallVectorImpl<mlir::Type>& types) {
  mlir::RankedTensorType x = TensorTypeOf(adaptor.getX());
  types.push_back(RowsType(x, TensorTypeOf(adaptor.getRows()), x.getElementType()));
  return mlir::success();
}

llvm::LogicalResult GatherRowsOp::verify() {
  mlir::RankedTensorType x = TensorTypeOf(getX());
  if (failed(Require(*this, x.getRank() > 0, 1, "x is a scalar"))) return mlir::failure();
  return RequireRank(*this, 2, "rows", TensorTypeOf(getRows()), 1);
}

absl::Status GatherRowsOp::Evaluate(EvalContext& context) {
  context.SetTensor(getY(), GatherRowsReference(context.Tensor(getX()), context.Tensor(getRows())));
  return absl::OkStatus();
}

OpCost GatherRowsOp::Cost() {
  mlir::RankedTensorType rows = TensorTypeOf(getRows());
  SymExpr bytes = NumElements(rows) * RowBytes(TensorTypeOf(getX()));
  return {SymExpr(0), NumBytes(rows) + bytes, NumBytes(TensorTypeOf(getY()))};
}

}  // namespace lathe
