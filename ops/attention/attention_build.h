// Functions that models call for attention over a cache group.
#pragma once

#include "ops/core/graph_builder.h"

namespace lathe {

// Where each row of the step stands.
struct RowPlacement {
  mlir::Value positions;     // [S] i32
  mlir::Value row_sequence;  // [S] i32
};

// Layer `index` of a cache group, which belongs to decoder layer `model_layer`.
mlir::Value CacheLayer(GraphBuilder& b, mlir::Value cache, int64_t index, int64_t model_layer);

// Stores key and value, [S, NK, D]: before Attention of the same layer, whose rows see them.
void KvWrite(GraphBuilder& b, mlir::Value kv, mlir::Value key, mlir::Value value,
             const RowPlacement& rows);

// query [S, NQ, D] -> [S, NQ, D]; causal, with the window of the cache.
mlir::Value Attention(GraphBuilder& b, mlir::Value query, mlir::Value kv, const RowPlacement& rows,
                      double scale);

}  // namespace lathe
