// What must hold after each phase. Checked after the phase ran and when a module enters at a later
// phase (--start-from), so that a wrong edit is an error here and not a riddle later.
#pragma once

#include "compiler/pipeline/phases.h"
#include "mlir/IR/BuiltinOps.h"

namespace lathe {

// Reports every breach as a diagnostic that names the phase.
mlir::LogicalResult VerifyContract(Phase phase, mlir::ModuleOp module);

}  // namespace lathe
