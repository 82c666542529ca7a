// Emits the root mean square norm of a group of elements: y = x / sqrt(mean(x^2) + eps) * (offset +
// weight). Its sums have one order for a width, so that a norm has the same bits in a loop over
// rows as in front of a product.
//   EmitRmsNorm(b, {.width = 1024, .eps = 1e-6f}, weight,
//               [&](Value element, Value mask) { return ...; },       // x, twice for each element
//               [&](Value element, Value mask, Value y) { ... });     // after all reads
#pragma once

#include "compiler/lower/kernel_builder.h"
#include "llvm/ADT/STLFunctionalExtras.h"

namespace lathe {

struct RmsNormSpec {
  int64_t width = 0;  // elements of the group
  float eps = 0;
  float offset = 0;
  Storage storage = Storage::kF32;  // of the weight

  bool operator==(const RmsNormSpec&) const = default;
};

// `weight` points at [width]; null: y = x / sqrt(mean(x^2) + eps). `element` is the first of 16 in
// the group, `mask` is null where all 16 are inside. y of an element may take the place of its x.
void EmitRmsNorm(
    KernelBuilder& b, const RmsNormSpec& spec, mlir::Value weight,
    llvm::function_ref<mlir::Value(mlir::Value element, mlir::Value mask)> read,
    llvm::function_ref<void(mlir::Value element, mlir::Value mask, mlir::Value y)> write);

}  // namespace lathe
