// --lathe-form-dispatches: wraps each group of fusion_rules.h into a lathe.dispatch, whose region
// holds the ops unchanged. A dispatch is isolated: everything it reads is an operand, everything
// that others read is a result.
#include "compiler/passes/fusion_rules.h"
#include "compiler/passes/passes.h"
#include "llvm/ADT/SetVector.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/IRMapping.h"
#include "ops/core/dialect.h"

namespace lathe {
namespace {

bool IsUsedOutside(mlir::Value value, const llvm::SmallPtrSetImpl<mlir::Operation*>& inside) {
  return llvm::any_of(value.getUsers(),
                      [&](mlir::Operation* user) { return !inside.contains(user); });
}

void WrapGroup(const FusionGroup& group) {
  llvm::SmallPtrSet<mlir::Operation*, 8> inside(group.ops.begin(), group.ops.end());
  llvm::SetVector<mlir::Value> inputs;
  llvm::SmallVector<mlir::Value> outputs;
  llvm::SmallVector<mlir::Location> locations;
  for (mlir::Operation* op : group.ops) {
    for (mlir::Value operand : op->getOperands()) {
      if (!inside.contains(operand.getDefiningOp())) inputs.insert(operand);
    }
    for (mlir::Value result : op->getResults()) {
      if (IsUsedOutside(result, inside)) outputs.push_back(result);
    }
    locations.push_back(op->getLoc());
  }

  mlir::Operation* last = group.ops.back();
  mlir::OpBuilder builder(last->getContext());
  builder.setInsertionPointAfter(last);
  mlir::Location loc = builder.getFusedLoc(locations);
  auto dispatch = DispatchOp::create(builder, loc, mlir::ValueRange(outputs).getTypes(),
                                     builder.getStringAttr(group.name), inputs.getArrayRef());
  dispatch->setAttr("rule", builder.getStringAttr(group.rule));
  if (group.is_exact) dispatch->setAttr("exact", builder.getUnitAttr());
  builder.setInsertionPointToStart(&dispatch.block());
  mlir::IRMapping mapping;
  mapping.map(inputs.getArrayRef(), dispatch.block().getArguments());
  for (mlir::Operation* op : group.ops) builder.clone(*op, mapping);
  llvm::SmallVector<mlir::Value> yielded;
  for (mlir::Value output : outputs) yielded.push_back(mapping.lookup(output));
  YieldOp::create(builder, loc, yielded);

  for (auto [output, result] : llvm::zip_equal(outputs, dispatch.getResults()))
    output.replaceAllUsesWith(result);
  for (mlir::Operation* op : llvm::reverse(group.ops)) op->erase();
}

struct FormDispatches : mlir::PassWrapper<FormDispatches, mlir::OperationPass<mlir::ModuleOp>> {
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(FormDispatches)
  llvm::StringRef getArgument() const final { return "lathe-form-dispatches"; }
  llvm::StringRef getDescription() const final {
    return "group ops around anchors into lathe.dispatch";
  }

  void runOnOperation() final {
    for (auto func : getOperation().getOps<mlir::func::FuncOp>()) {
      if (func.isExternal()) continue;
      for (const FusionGroup& group : FormGroups(func.front())) WrapGroup(group);
    }
  }
};

}  // namespace

std::unique_ptr<mlir::Pass> CreateFormDispatchesPass() {
  return std::make_unique<FormDispatches>();
}

}  // namespace lathe
