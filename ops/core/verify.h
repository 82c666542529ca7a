// Small checks that the verifiers of all families share. A failed check speaks with the label of
// its constraint:
//   "'lathe.rms_norm' op C1: weight is [48], expected [64]: the last extent of x"
#pragma once

#include "llvm/ADT/Twine.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Operation.h"
#include "ops/core/extent.h"

namespace lathe {

// Emits "C<constraint>: <message>" unless `holds`.
inline llvm::LogicalResult Require(mlir::Operation* op, bool holds, int constraint,
                                   const llvm::Twine& message) {
  if (holds) return mlir::success();
  return op->emitOpError("C") << constraint << ": " << message;
}

// `type` has exactly `expected` extents; `why` says where the expectation comes from.
llvm::LogicalResult RequireShape(mlir::Operation* op, int constraint, llvm::StringRef what,
                                 mlir::RankedTensorType type, llvm::ArrayRef<Extent> expected,
                                 llvm::StringRef why);
llvm::LogicalResult RequireRank(mlir::Operation* op, int constraint, llvm::StringRef what,
                                mlir::RankedTensorType type, int64_t rank);
// The last extent exists and is a positive number.
llvm::LogicalResult RequireStaticLastExtent(mlir::Operation* op, int constraint,
                                            llvm::StringRef what, mlir::RankedTensorType type);

// The shortest spelling of a number that says it well enough.
std::string ToText(double value);

inline mlir::RankedTensorType TensorTypeOf(mlir::Value value) {
  return llvm::cast<mlir::RankedTensorType>(value.getType());
}

}  // namespace lathe
