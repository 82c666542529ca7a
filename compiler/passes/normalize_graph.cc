// --lathe-normalize-graph: common subexpressions and dead ops go, constants fold. What may be left
// is checked by the phase's contract.
#include "compiler/passes/passes.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Transforms/Passes.h"

namespace lathe {
namespace {

struct NormalizeGraph : mlir::PassWrapper<NormalizeGraph, mlir::OperationPass<mlir::ModuleOp>> {
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(NormalizeGraph)
  llvm::StringRef getArgument() const final { return "lathe-normalize-graph"; }
  llvm::StringRef getDescription() const final { return "canonicalize the graph"; }

  void runOnOperation() final {
    mlir::OpPassManager pipeline(mlir::ModuleOp::getOperationName());
    pipeline.addPass(mlir::createCanonicalizerPass());
    pipeline.addPass(mlir::createCSEPass());
    if (mlir::failed(runPipeline(pipeline, getOperation()))) signalPassFailure();
  }
};

}  // namespace

std::unique_ptr<mlir::Pass> CreateNormalizeGraphPass() {
  return std::make_unique<NormalizeGraph>();
}

}  // namespace lathe
