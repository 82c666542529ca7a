// --lathe-inline-layers: @step and the other entries become one flat list of dispatches. Layers
// stay functions until here, so that every earlier dump shows one body per layer kind; a buffer
// plan needs the whole program in one block.
#include "compiler/passes/dispatch_paths.h"
#include "compiler/passes/passes.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/IR/SymbolTable.h"
#include "ops/core/dialect.h"

namespace lathe {
namespace {

void InlineCall(mlir::func::CallOp call, mlir::func::FuncOp callee) {
  mlir::OpBuilder builder(call);
  mlir::IRMapping mapping;
  mapping.map(callee.getArguments(), call.getOperands());
  std::string path = PathOfCall(call);
  for (mlir::Operation& op : callee.front().without_terminator()) {
    mlir::Operation* copy = builder.clone(op, mapping);
    if (auto dispatch = llvm::dyn_cast<DispatchOp>(copy)) {
      dispatch.setNameAttr(builder.getStringAttr(path + "." + dispatch.getName().str()));
      // Later errors at the dispatch say which layer it is of.
      dispatch->setLoc(mlir::NameLoc::get(dispatch.getNameAttr()));
    } else if (auto inner = llvm::dyn_cast<mlir::func::CallOp>(copy)) {
      inner->setLoc(mlir::NameLoc::get(builder.getStringAttr(path + "." + PathOfCall(inner))));
    }
  }
  mlir::Operation* terminator = callee.front().getTerminator();
  for (auto [result, returned] : llvm::zip_equal(call.getResults(), terminator->getOperands())) {
    result.replaceAllUsesWith(mapping.lookupOrDefault(returned));
  }
  call.erase();
}

struct InlineLayers : mlir::PassWrapper<InlineLayers, mlir::OperationPass<mlir::ModuleOp>> {
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(InlineLayers)
  llvm::StringRef getArgument() const final { return "lathe-inline-layers"; }
  llvm::StringRef getDescription() const final { return "inline layer functions into the entries"; }

  void runOnOperation() final {
    mlir::SymbolTable symbols(getOperation());
    for (auto func : getOperation().getOps<mlir::func::FuncOp>()) {
      if (func.isPrivate() || func.isExternal()) continue;
      // Bodies may hold calls themselves: until none is left. Recursion cannot be built and is
      // refused by the contract of `normalize`.
      while (true) {
        auto calls = llvm::to_vector(func.front().getOps<mlir::func::CallOp>());
        if (calls.empty()) break;
        for (mlir::func::CallOp call : calls) {
          auto callee = symbols.lookup<mlir::func::FuncOp>(call.getCallee());
          if (!callee || callee.isExternal()) {
            call.emitError() << "calls @" << call.getCallee()
                             << ", which has no body in this module";
            return signalPassFailure();
          }
          InlineCall(call, callee);
        }
      }
    }
    for (auto func : llvm::make_early_inc_range(getOperation().getOps<mlir::func::FuncOp>())) {
      if (func.isPrivate()) func.erase();
    }
  }
};

}  // namespace

std::unique_ptr<mlir::Pass> CreateInlineLayersPass() { return std::make_unique<InlineLayers>(); }

}  // namespace lathe
