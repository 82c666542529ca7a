#include "ops/elementwise/elementwise_build.h"

#include "ops/elementwise/elementwise_ops.h"
#include "runtime/base/check.h"

namespace lathe {

using mlir::Value;

Value Add(Builder& b, Value left, Value right) { return AddOp::create(b, left, right); }
Value Sub(Builder& b, Value left, Value right) { return SubOp::create(b, left, right); }
Value Mul(Builder& b, Value left, Value right) { return MulOp::create(b, left, right); }
Value Div(Builder& b, Value left, Value right) { return DivOp::create(b, left, right); }
Value Neg(Builder& b, Value x) { return NegOp::create(b, x); }
Value Exp(Builder& b, Value x) { return ExpOp::create(b, x); }
Value Rsqrt(Builder& b, Value x) { return RsqrtOp::create(b, x); }
Value Cos(Builder& b, Value x) { return CosOp::create(b, x); }
Value Sin(Builder& b, Value x) { return SinOp::create(b, x); }
Value Sigmoid(Builder& b, Value x) { return SigmoidOp::create(b, x); }
Value Silu(Builder& b, Value x) { return SiluOp::create(b, x); }
Value Softplus(Builder& b, Value x) { return SoftplusOp::create(b, x); }

Value Clamp(Builder& b, Value x, double low, double high) {
  return ClampOp::create(b, x, llvm::APFloat(low), llvm::APFloat(high));
}

Value Scale(Builder& b, Value x, double factor, double offset) {
  return ScaleOp::create(b, x, llvm::APFloat(factor), llvm::APFloat(offset));
}

Value Swiglu(Builder& b, Value gate, Value up, double limit) {
  return SwigluOp::create(b, gate, up, llvm::APFloat(limit));
}

Value Cast(Builder& b, Value x, DType dtype) {
  mlir::RankedTensorType type = WithElement(TensorTypeOf(x), ElementType(b.getContext(), dtype));
  if (type == x.getType()) return x;
  return CastOp::create(b, type, x);
}

Value Reshape(Builder& b, Value x, llvm::ArrayRef<Extent> extents) {
  return ReshapeOp::create(
      b, MakeTensorType(b.getContext(), extents, TensorTypeOf(x).getElementType()), x);
}

Value SplitHeads(Builder& b, Value x, int64_t heads) {
  llvm::SmallVector<Extent> extents = Extents(TensorTypeOf(x));
  LATHE_CHECK(!extents.empty() && extents.back().is_static() && heads > 0)
      << "heads of " << Describe(extents);
  int64_t width = extents.back().size;
  extents.back() = heads;
  extents.push_back(width / heads);  // a remainder is told by the verifier of reshape
  return Reshape(b, x, extents);
}

Value MergeHeads(Builder& b, Value x) {
  llvm::SmallVector<Extent> extents = Extents(TensorTypeOf(x));
  LATHE_CHECK(extents.size() >= 2) << "no heads in " << Describe(extents);
  int64_t head_dim = extents.pop_back_val().size;
  extents.back() = extents.back().size * head_dim;
  return Reshape(b, x, extents);
}

Value Reduce(Builder& b, llvm::StringRef kind, Value x) { return ReduceOp::create(b, kind, x); }

Value Broadcast(Builder& b, Value x, llvm::ArrayRef<Extent> extents) {
  mlir::RankedTensorType type =
      MakeTensorType(b.getContext(), extents, TensorTypeOf(x).getElementType());
  if (type == x.getType()) return x;
  return BroadcastOp::create(b, type, x);
}

Value Slice(Builder& b, Value x, int64_t begin, int64_t end) {
  return SliceOp::create(b, x, begin, end);
}

Value Concat(Builder& b, mlir::ValueRange parts) { return ConcatOp::create(b, parts); }

}  // namespace lathe
