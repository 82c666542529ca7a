// Makes a failing case smaller while it fails.
//   Case small = Shrink(*found.module, found.run, [&](mlir::ModuleOp m, const CaseRun& r) {
//     return CheckCase(m, r).stage == verdict.stage; });
#pragma once

#include <functional>

#include "mlir/IR/BuiltinOps.h"
#include "test/op_fuzz/case.h"

namespace lathe::op_fuzz {

using StillFails = std::function<bool(mlir::ModuleOp, const CaseRun&)>;

// Drops outputs, steps, rows and ops, replaces values by inputs, and makes extents smaller, until
// nothing of that leaves a case that verifies and fails, or `max_tries` cases were tried.
Case Shrink(mlir::ModuleOp module, const CaseRun& run, const StillFails& still_fails,
            int max_tries = 2000);

// Ops of @step that compute something: what a report counts.
int64_t NumOps(mlir::ModuleOp module);

}  // namespace lathe::op_fuzz
