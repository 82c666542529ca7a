#include "compiler/pipeline/pipeline.h"

#include "absl/strings/str_cat.h"
#include "compiler/codegen/passes.h"
#include "compiler/passes/passes.h"
#include "compiler/pipeline/contracts.h"
#include "compiler/pipeline/diagnostics.h"
#include "compiler/plan/passes.h"
#include "compiler/select/passes.h"
#include "compiler/select/tuning.h"

namespace lathe {

void AddPhasePasses(Phase phase, const CompileOptions& options, mlir::OpPassManager& passes) {
  switch (phase) {
    case Phase::kNormalize:
      passes.addPass(CreateNormalizeGraphPass());
      break;
    case Phase::kPlace:
      passes.addPass(CreatePlaceOnMeshPass());
      break;
    case Phase::kQuantize:
      passes.addPass(CreateChooseStoragePass(options.storage));
      break;
    case Phase::kFuse:
      passes.addPass(CreateFormDispatchesPass());
      break;
    case Phase::kSelect:
      passes.addPass(CreateSelectKernelsPass(options.targets));
      if (!options.tuning.empty()) {
        passes.addPass(CreateApplyTuningPass(options.tuning, options.targets,
                                             [&options](const TuningReport& report) {
                                               if (options.on_tuning) options.on_tuning(report);
                                             }));
      }
      break;
    case Phase::kLower:
      passes.addPass(CreateLowerDispatchesPass(options.targets));
      break;
    case Phase::kPlan:
      passes.addPass(CreateInlineLayersPass());
      passes.addPass(CreatePlanBuffersPass());
      break;
    case Phase::kEmit:
      break;
  }
}

absl::Status RunPhase(Phase phase, mlir::ModuleOp module, const CompileOptions& options) {
  DiagnosticCollector diagnostics(module->getContext());
  mlir::PassManager passes(module->getContext());
  AddPhasePasses(phase, options, passes);
  if (mlir::failed(passes.run(module))) {
    return diagnostics.ToStatus(
        absl::StrCat("a pass of phase ", PhaseName(phase), " failed without a message"));
  }
  // A breach after our own passes is our fault, not that of the input.
  if (mlir::failed(VerifyContract(phase, module))) {
    return absl::InternalError(diagnostics.ToStatus("its contract does not hold").message());
  }
  return absl::OkStatus();
}

void RegisterAllPasses() {
  RegisterPasses();
  mlir::registerPass([] { return CreateSelectKernelsPass(); });
  mlir::registerPass([] { return CreateLowerDispatchesPass(); });
  mlir::registerPass([] { return CreatePlanBuffersPass(); });
}

}  // namespace lathe
