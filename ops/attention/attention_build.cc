#include "ops/attention/attention_build.h"

#include "ops/attention/attention_ops.h"

namespace lathe {

using mlir::Value;

Value CacheLayer(GraphBuilder& b, Value cache, int64_t index, int64_t model_layer) {
  return CacheLayerOp::create(b, cache, index, b.getI64IntegerAttr(model_layer));
}

void KvWrite(GraphBuilder& b, Value kv, Value key, Value value, const RowPlacement& rows) {
  KvWriteOp::create(b, kv, key, value, rows.positions, rows.row_sequence);
}

Value Attention(GraphBuilder& b, Value query, Value kv, const RowPlacement& rows, double scale) {
  return AttentionOp::create(b, query.getType(), query, kv, rows.positions, rows.row_sequence,
                             llvm::APFloat(scale));
}

}  // namespace lathe
