// A wrong rewrite, to show that the fuzzer finds one: scale(x) * y becomes x * y.
#pragma once

#include "mlir/IR/BuiltinOps.h"

namespace lathe::op_fuzz {

void PlantFault(mlir::ModuleOp module);

}  // namespace lathe::op_fuzz
