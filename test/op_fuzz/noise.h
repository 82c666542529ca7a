// How far a result may lie from the reference: found by running the reference on slightly wrong
// numbers. Rounding that the compiler may do (docs/precision.md) is put into the graph as random
// factors and shifts of that size, so the tolerance follows the graph instead of a guess about it
// (stochastic arithmetic: J. Vignes, "A stochastic arithmetic for reliable scientific computation",
// 1993).
//   mlir::OwningOpRef<mlir::ModuleOp> noisy = WithNoise(module, {.product_bits = 8});
#pragma once

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OwningOpRef.h"

namespace lathe::op_fuzz {

struct NoiseLevel {
  // Rows enter products of plain weights, and queries, keys and values enter attention, with a
  // relative error of 2^-product_bits.
  int product_bits = 21;
  // Rows enter products of small integers with an error of 2^-quantized_bits of the largest.
  int quantized_bits = 8;
  // What a function (norm, activation, rotation) computes has a relative error of 2^-function_bits.
  int function_bits = 20;
};

// A copy of the module whose entry @step takes the noise as inputs (case.h: StepInputs makes them).
mlir::OwningOpRef<mlir::ModuleOp> WithNoise(mlir::ModuleOp module, const NoiseLevel& level);

}  // namespace lathe::op_fuzz
