#include "compiler/emit/dispatch_cost.h"

namespace lathe {
namespace {

SymExpr BytesOf(mlir::Value value) {
  auto type = llvm::dyn_cast<mlir::RankedTensorType>(value.getType());
  return type ? NumBytes(type) : SymExpr(0);
}

bool IsYielded(mlir::Value value) {
  return llvm::any_of(value.getUsers(),
                      [](mlir::Operation* user) { return llvm::isa<YieldOp>(user); });
}

}  // namespace

OpCost DispatchCost(DispatchOp dispatch) {
  OpCost total;
  for (mlir::Operation& op : dispatch.block().without_terminator()) {
    auto costed = llvm::dyn_cast<HasCost>(op);
    if (!costed) continue;
    OpCost cost = costed.Cost();
    for (mlir::Value operand : op.getOperands()) {
      if (operand.getDefiningOp() != nullptr) cost.bytes_read += BytesOf(operand) * SymExpr(-1);
    }
    for (mlir::Value result : op.getResults()) {
      if (!IsYielded(result)) cost.bytes_written += BytesOf(result) * SymExpr(-1);
    }
    total += cost;
  }
  return total;
}

}  // namespace lathe
