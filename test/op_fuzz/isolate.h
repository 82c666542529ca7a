// Checks a case in a process of its own: a crash or a hang of the compiler, or of the code that it
// made, is a verdict like any other.
#pragma once

#include "test/op_fuzz/check.h"

namespace lathe::op_fuzz {

// What CheckCase says; kCrashed where the process ends by a signal, with LATHE_CHECK, or not at all
// within `limit_s` of CPU time.
Verdict CheckIsolated(mlir::ModuleOp module, const CaseRun& run, const Plant& plant = nullptr,
                      int limit_s = 60);

}  // namespace lathe::op_fuzz
