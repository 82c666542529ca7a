// Functions that models and decompositions call for the elementwise family; the meaning of each is
// in elementwise_ops.td.
#pragma once

#include <cstdint>

#include "mlir/IR/ImplicitLocOpBuilder.h"
#include "ops/core/extent.h"

namespace lathe {

using Builder = mlir::ImplicitLocOpBuilder;

mlir::Value Add(Builder& b, mlir::Value left, mlir::Value right);
mlir::Value Sub(Builder& b, mlir::Value left, mlir::Value right);
mlir::Value Mul(Builder& b, mlir::Value left, mlir::Value right);
mlir::Value Div(Builder& b, mlir::Value left, mlir::Value right);
mlir::Value Neg(Builder& b, mlir::Value x);
mlir::Value Exp(Builder& b, mlir::Value x);
mlir::Value Rsqrt(Builder& b, mlir::Value x);
mlir::Value Cos(Builder& b, mlir::Value x);
mlir::Value Sin(Builder& b, mlir::Value x);
mlir::Value Sigmoid(Builder& b, mlir::Value x);
mlir::Value Silu(Builder& b, mlir::Value x);
mlir::Value Softplus(Builder& b, mlir::Value x);
mlir::Value Clamp(Builder& b, mlir::Value x, double low, double high);
// x * factor + offset
mlir::Value Scale(Builder& b, mlir::Value x, double factor, double offset = 0.0);
// silu(gate) * up; limit 0 means none.
mlir::Value Swiglu(Builder& b, mlir::Value gate, mlir::Value up, double limit = 0.0);

// x itself when it has the dtype already.
mlir::Value Cast(Builder& b, mlir::Value x, DType dtype);
mlir::Value Reshape(Builder& b, mlir::Value x, llvm::ArrayRef<Extent> extents);
// [.., heads * D] -> [.., heads, D]
mlir::Value SplitHeads(Builder& b, mlir::Value x, int64_t heads);
// [.., heads, D] -> [.., heads * D]
mlir::Value MergeHeads(Builder& b, mlir::Value x);
// kind is "sum", "max" or "mean"; the last extent becomes 1.
mlir::Value Reduce(Builder& b, llvm::StringRef kind, mlir::Value x);
// x itself when it has these extents already.
mlir::Value Broadcast(Builder& b, mlir::Value x, llvm::ArrayRef<Extent> extents);
mlir::Value Slice(Builder& b, mlir::Value x, int64_t begin, int64_t end);
mlir::Value Concat(Builder& b, mlir::ValueRange parts);

}  // namespace lathe
