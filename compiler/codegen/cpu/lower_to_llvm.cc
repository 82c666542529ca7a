#include "compiler/codegen/cpu/lower_to_llvm.h"

#include "compiler/codegen/cpu/cpu_codegen.h"
#include "mlir/Conversion/Passes.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/ControlFlow/IR/ControlFlow.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Target/LLVMIR/Dialect/Builtin/BuiltinToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Dialect/LLVMIR/LLVMToLLVMIRTranslation.h"
#include "mlir/Transforms/Passes.h"

namespace lathe {

namespace {

// The conversions are partial: what they do not know they leave.
absl::Status CheckOnlyLlvm(mlir::ModuleOp module) {
  std::string foreign;
  module->walk([&](mlir::Operation* op) {
    if (op != module.getOperation() && !llvm::isa<mlir::LLVM::LLVMDialect>(op->getDialect())) {
      foreign = op->getName().getStringRef().str();
    }
  });
  if (foreign.empty()) return absl::OkStatus();
  return absl::InternalError("lowering a kernel to LLVM failed: no way down for " + foreign);
}

}  // namespace

void RegisterKernelDialects(mlir::DialectRegistry& registry) {
  registry.insert<mlir::arith::ArithDialect, mlir::cf::ControlFlowDialect, mlir::scf::SCFDialect,
                  mlir::vector::VectorDialect, mlir::LLVM::LLVMDialect>();
  mlir::registerBuiltinDialectTranslation(registry);
  mlir::registerLLVMDialectTranslation(registry);
}

absl::Status LowerToLlvm(mlir::ModuleOp module) {
  std::string diagnostics;
  mlir::ScopedDiagnosticHandler handler(module.getContext(), [&](mlir::Diagnostic& diagnostic) {
    diagnostics += diagnostic.str() + "\n";
    return mlir::success();
  });
  mlir::PassManager passes(module.getContext());
  passes.addPass(mlir::createCanonicalizerPass());
  passes.addPass(mlir::createCSEPass());
  passes.addPass(mlir::createSCFToControlFlowPass());
  passes.addPass(mlir::createConvertVectorToLLVMPass());
  passes.addPass(mlir::createArithToLLVMConversionPass());
  passes.addPass(mlir::createConvertControlFlowToLLVMPass());
  passes.addPass(mlir::createUBToLLVMConversionPass());
  passes.addPass(mlir::createReconcileUnrealizedCastsPass());
  passes.addPass(mlir::createCanonicalizerPass());
  passes.addPass(mlir::createCSEPass());
  if (mlir::failed(passes.run(module))) {
    return absl::InternalError("lowering a kernel to LLVM failed: " + diagnostics);
  }
  return CheckOnlyLlvm(module);
}

}  // namespace lathe
