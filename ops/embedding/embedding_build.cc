#include "ops/embedding/embedding_build.h"

#include "ops/embedding/embedding_ops.h"

namespace lathe {

using mlir::Value;

Value Embed(mlir::ImplicitLocOpBuilder& b, Value table, Value tokens, double multiplier) {
  return EmbedOp::create(b, table, tokens, llvm::APFloat(multiplier));
}

Value GatherRows(mlir::ImplicitLocOpBuilder& b, Value x, Value rows) {
  return GatherRowsOp::create(b, x, rows);
}

}  // namespace lathe
