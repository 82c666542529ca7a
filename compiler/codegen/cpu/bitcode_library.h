// Kernels that are C++: compiled to bitcode with the compiler itself (bitcode/), linked into the
// modules that call them, and from there on optimised as if they had been emitted.
#pragma once

#include "absl/status/statusor.h"
#include "llvm/IR/Module.h"

namespace lathe {

// Gives `module` private bodies for the functions of the library that it only declares, and says
// whether there were any. InternalError when the library cannot be read or linked.
absl::StatusOr<bool> LinkBitcode(llvm::Module& module);

}  // namespace lathe
