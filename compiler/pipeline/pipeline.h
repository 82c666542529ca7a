// The story of a compilation: which passes make up each phase.
#pragma once

#include "absl/status/status.h"
#include "compiler/pipeline/compile.h"
#include "compiler/pipeline/phases.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/Pass/PassManager.h"

namespace lathe {

// Adds the passes of `phase` (none for emit, which writes files).
void AddPhasePasses(Phase phase, const CompileOptions& options, mlir::OpPassManager& passes);

// Runs the passes of `phase` on `module`, then checks its contract.
absl::Status RunPhase(Phase phase, mlir::ModuleOp module, const CompileOptions& options);

// Makes every pass known by its flag, for `lathe opt`.
void RegisterAllPasses();

}  // namespace lathe
