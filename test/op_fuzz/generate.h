// Makes random functions of our dialect that verify.
#pragma once

#include <cstdint>

#include "mlir/IR/MLIRContext.h"
#include "test/op_fuzz/case.h"

namespace lathe::op_fuzz {

// The case of `seed`: the same for ever, as long as nobody changes the generator. One that compiles
// holds only ops for which a kernel exists; others hold any op of the dialect. `context` has the
// dialects of the compiler.
Case GenerateCase(mlir::MLIRContext& context, uint64_t seed, bool compiles);

}  // namespace lathe::op_fuzz
