// Lowers a kernel module from scf, arith and vector to the LLVM dialect.
#pragma once

#include "absl/status/status.h"
#include "mlir/IR/BuiltinOps.h"

namespace lathe {

// In place. Internal when an op has no way down; the message holds MLIR's diagnostics.
absl::Status LowerToLlvm(mlir::ModuleOp module);

}  // namespace lathe
