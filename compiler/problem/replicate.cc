#include "compiler/problem/replicate.h"

#include "absl/strings/str_cat.h"
#include "compiler/problem/problem.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/IRMapping.h"
#include "ops/attention/attention_ops.h"
#include "runtime/base/check.h"

namespace lathe {
namespace {

// The operand of copy `number` that stands for `operand` of the first.
mlir::Value OperandOfCopy(mlir::OpBuilder& builder, mlir::ModuleOp module, mlir::Value operand,
                          int number) {
  if (auto weight = operand.getDefiningOp<WeightOp>()) {
    const std::string name = absl::StrCat(weight.getParam().str(), "#", number);
    auto param = module.lookupSymbol<ParamOp>(weight.getParam());
    if (!module.lookupSymbol(name)) {
      mlir::OpBuilder::InsertionGuard guard(builder);
      builder.setInsertionPointAfter(param);
      llvm::cast<ParamOp>(builder.clone(*param)).setSymName(name);
    }
    auto copy = llvm::cast<WeightOp>(builder.clone(*weight));
    copy.setParam(name);
    return copy.getValue();
  }
  if (auto layer = operand.getDefiningOp<CacheLayerOp>()) {
    const int64_t layers = llvm::cast<KvCacheType>(layer.getCache().getType()).getLayers();
    auto copy = llvm::cast<CacheLayerOp>(builder.clone(*layer));
    copy.setIndex((static_cast<int64_t>(layer.getIndex()) + number) % layers);
    return copy.getLayer();
  }
  return operand;
}

}  // namespace

mlir::OwningOpRef<mlir::ModuleOp> Replicate(mlir::ModuleOp problem,
                                            const ReplicateOptions& options) {
  mlir::OwningOpRef<mlir::ModuleOp> module(problem.clone());
  absl::StatusOr<DispatchOp> found = DispatchOfProblem(*module);
  LATHE_CHECK(found.ok()) << found.status().ToString();
  DispatchOp first = *found;
  mlir::OpBuilder builder(first->getBlock()->getTerminator());
  for (int number = 1; number < options.copies; ++number) {
    mlir::IRMapping mapping;
    for (mlir::Value operand : first.getInputs()) {
      if (mapping.contains(operand) || options.shares_weights) continue;
      mapping.map(operand, OperandOfCopy(builder, *module, operand, number));
    }
    auto copy = llvm::cast<DispatchOp>(builder.clone(*first, mapping));
    copy.setNameAttr(builder.getStringAttr(absl::StrCat(first.getName().str(), "#", number)));
  }
  return module;
}

std::string OriginalWeight(absl::string_view name) {
  return std::string(name.substr(0, name.rfind('#')));
}

}  // namespace lathe
