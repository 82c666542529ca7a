#include "compiler/emit/dispatch_cost.h"

#include "llvm/ADT/DenseSet.h"
#include "ops/elementwise/elementwise_ops.h"

namespace lathe {
namespace {

SymExpr BytesOf(mlir::Value value) {
  auto type = llvm::dyn_cast<mlir::RankedTensorType>(value.getType());
  return type ? NumBytes(type) : SymExpr(0);
}

// The value whose memory `value` shares: reshapes move nothing, and cost nothing.
mlir::Value MemoryOf(mlir::Value value) {
  while (auto reshape = value.getDefiningOp<ReshapeOp>()) value = reshape.getX();
  return value;
}

bool IsActivation(mlir::Value value) {
  auto type = llvm::dyn_cast<mlir::RankedTensorType>(value.getType());
  return type && !type.hasStaticShape();
}

}  // namespace

OpCost DispatchCost(DispatchOp dispatch) {
  llvm::DenseSet<mlir::Value> written;
  for (mlir::Value yielded : dispatch.yield().getValues()) written.insert(MemoryOf(yielded));
  llvm::DenseSet<mlir::Value> read;
  OpCost total;
  for (mlir::Operation& op : dispatch.block().without_terminator()) {
    auto costed = llvm::dyn_cast<HasCost>(op);
    if (!costed || llvm::isa<ReshapeOp>(op)) continue;
    total += costed.Cost();
    for (mlir::Value operand : op.getOperands()) {
      mlir::Value memory = MemoryOf(operand);
      // Computed here, or read by an op before. A table is no activation: of it each op reads what
      // it needs.
      bool is_at_hand = memory.getDefiningOp() != nullptr ||
                        (IsActivation(memory) && !read.insert(memory).second);
      if (is_at_hand) total.bytes_read += BytesOf(operand) * SymExpr(-1);
    }
    for (mlir::Value result : op.getResults()) {
      if (!written.contains(result)) total.bytes_written += BytesOf(result) * SymExpr(-1);
    }
  }
  return total;
}

}  // namespace lathe
