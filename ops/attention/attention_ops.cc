#include "ops/attention/attention_ops.h"

#include "ops/attention/attention_reference.h"
#include "runtime/base/check.h"
#include "runtime/base/status_macros.h"
#define GET_OP_CLASSES
#include "ops/attention/attention_ops.cc.inc"

namespace lathe {

void RegisterAttentionOps(LatheDialect& dialect) {
  dialect.AddOps<
#define GET_OP_LIST
#include "ops/attention/attention_ops.cc.inc"
      >();
}

namespace {

// positions and row_sequence have one element for each of the operand's rows.
llvm::LogicalResult VerifyRows(mlir::Operation* op, int constraint, mlir::Value rows,
                               mlir::Value positions, mlir::Value row_sequence) {
  Extent count = Extents(TensorTypeOf(rows))[0];
  if (failed(RequireShape(op, constraint, "positions", TensorTypeOf(positions), {count},
                          "one a row"))) {
    return mlir::failure();
  }
  return RequireShape(op, constraint, "row_sequence", TensorTypeOf(row_sequence), {count},
                      "one a row");
}

KvLayout LayoutOf(KvLayerType type) {
  std::optional<DType> dtype = DTypeOf(type.getDtype());
  LATHE_CHECK(dtype.has_value()) << "a verified cache has a dtype";
  return {type.getKvHeads(), type.getHeadDim(), *dtype, type.getWindow()};
}

SymExpr BytesOfOneKey(KvLayerType type) {
  return SymExpr(type.getKvHeads()) * type.getHeadDim() *
         SymExpr(type.getDtype().getIntOrFloatBitWidth() / 8);
}

}  // namespace

// ---- cache_layer ----------------------------------------------------------------------------

llvm::LogicalResult CacheLayerOp::inferReturnTypes(mlir::MLIRContext* context,
                                                   std::optional<mlir::Location>, Adaptor adaptor,
                                                   llvm::SmallVectorImpl<mlir::Type>& types) {
  auto cache = llvm::cast<KvCacheType>(adaptor.getCache().getType());
  types.push_back(KvLayerType::get(context, cache.getKvHeads(), cache.getHeadDim(),
                                   cache.getDtype(), cache.getPage(), cache.getWindow()));
  return mlir::success();
}

llvm::LogicalResult CacheLayerOp::verify() {
  int64_t layers = getCache().getType().getLayers();
  auto index = static_cast<int64_t>(getIndex());
  if (failed(Require(
          *this, index >= 0 && index < layers, 1,
          "index " + llvm::Twine(index) + " of a cache of " + llvm::Twine(layers) + " layers"))) {
    return mlir::failure();
  }
  return Require(*this, ModelLayerOrIndex() >= 0, 2,
                 "model_layer is " + llvm::Twine(ModelLayerOrIndex()));
}

absl::Status CacheLayerOp::Evaluate(EvalContext& context) {
  context.SetKv(getLayer(), {context.Kv(getCache()).group, static_cast<int64_t>(getIndex())});
  return absl::OkStatus();
}

// ---- kv_write -------------------------------------------------------------------------------

llvm::LogicalResult KvWriteOp::verify() {
  KvLayerType kv = getKv().getType();
  mlir::RankedTensorType key = TensorTypeOf(getKey());
  if (failed(RequireRank(*this, 1, "key", key, 3))) return mlir::failure();
  llvm::SmallVector<Extent> expected = {Extents(key)[0], kv.getKvHeads(), kv.getHeadDim()};
  if (failed(RequireShape(*this, 1, "key", key, expected, "the heads of the cache")) ||
      failed(RequireShape(*this, 1, "value", TensorTypeOf(getValue()), expected, "as key"))) {
    return mlir::failure();
  }
  return VerifyRows(*this, 2, getKey(), getPositions(), getRowSequence());
}

absl::Status KvWriteOp::Evaluate(EvalContext& context) {
  KvWriteReference(context.Tensor(getKey()), context.Tensor(getValue()),
                   context.Tensor(getPositions()), context.Tensor(getRowSequence()),
                   LayoutOf(getKv().getType()), context.Kv(getKv()), context.kv_state());
  return absl::OkStatus();
}

OpCost KvWriteOp::Cost() {
  OpCost cost = StreamingCost(*this, SymExpr(0));
  SymExpr rows = Extents(TensorTypeOf(getKey()))[0].expr();
  cost.bytes_written += rows * BytesOfOneKey(getKv().getType()) * SymExpr(2);
  return cost;
}

// ---- attention ------------------------------------------------------------------------------

llvm::LogicalResult AttentionOp::verify() {
  KvLayerType kv = getKv().getType();
  mlir::RankedTensorType query = TensorTypeOf(getQuery());
  if (failed(RequireRank(*this, 1, "query", query, 3))) return mlir::failure();
  llvm::SmallVector<Extent> extents = Extents(query);
  if (failed(RequireShape(*this, 1, "query", query, {extents[0], extents[1], kv.getHeadDim()},
                          "the head_dim of the cache"))) {
    return mlir::failure();
  }
  bool divides =
      extents[1].is_static() && extents[1].size > 0 && extents[1].size % kv.getKvHeads() == 0;
  if (failed(Require(*this, divides, 2,
                     "query is " + DescribeShape(query) + ", its heads are not a multiple of the " +
                         llvm::Twine(kv.getKvHeads()) + " key-value heads")) ||
      failed(VerifyRows(*this, 3, getQuery(), getPositions(), getRowSequence()))) {
    return mlir::failure();
  }
  double scale = getScale().convertToDouble();
  return Require(*this, getScale().isFinite() && scale > 0, 4,
                 "scale is " + ToText(scale) + ", expected a positive number");
}

absl::Status AttentionOp::Evaluate(EvalContext& context) {
  LATHE_ASSIGN_OR_RETURN(
      HostTensor y,
      AttentionReference(context.Tensor(getQuery()), context.Tensor(getPositions()),
                         context.Tensor(getRowSequence()), LayoutOf(getKv().getType()),
                         context.Kv(getKv()), context.kv_state(), getScale().convertToDouble()));
  context.SetTensor(getY(), std::move(y));
  return absl::OkStatus();
}

// How much of the cache is read is no extent of a tensor: `attended_keys` sums the visible keys
// over the rows of the step, `cached_keys` over its sequences (the rows of a sequence share one
// read).
OpCost AttentionOp::Cost() {
  KvLayerType kv = getKv().getType();
  SymExpr heads = Extents(TensorTypeOf(getQuery()))[1].expr();
  SymExpr pairs = SymExpr::Symbol("attended_keys") * heads;
  // Two products of head_dim terms, and scale, maximum, difference, exp, sum for the softmax.
  SymExpr flops = pairs * SymExpr(4 * kv.getHeadDim() + 5);
  OpCost cost = StreamingCost(*this, flops);
  cost.bytes_read += SymExpr::Symbol("cached_keys") * BytesOfOneKey(kv) * SymExpr(2);
  return cost;
}

}  // namespace lathe
