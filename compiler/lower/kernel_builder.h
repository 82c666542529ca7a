// Writes the body of a CPU kernel as MLIR: scf loops, arith on vector<16xf32>, and llvm loads and
// stores on plain pointers. One vector is 16 lanes at every feature level; LLVM splits it where
// registers are narrower.
//   KernelBuilder b(module, level);
//   b.Kernel("scale", [&](const KernelArgs& args) {
//     b.For(args.begin, args.end, 1, [&](Value row) { ... b.Store(b.Fma(x, y, z), b.At(out, row,
//     64)); });
//   });
#pragma once

#include <cstdint>

#include "compiler/target/target.h"
#include "llvm/ADT/STLFunctionalExtras.h"
#include "llvm/ADT/SmallVector.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinOps.h"

namespace lathe {

// f32 lanes of a vector.
inline constexpr int64_t kLanes = 16;

// What memory holds: the two types that kernels load and store as f32 vectors.
enum class Storage { kF32, kBF16 };
inline int64_t ByteSize(Storage storage) { return storage == Storage::kF32 ? 4 : 2; }

// The arguments of a kernel, as KernelFn in runtime/artifact/kernel_abi.h has them.
struct KernelArgs {
  mlir::Value operands, dims, begin, end, scratch;
};

using Values = llvm::SmallVector<mlir::Value>;

class KernelBuilder {
 public:
  using Value = mlir::Value;
  using Type = mlir::Type;

  KernelBuilder(mlir::ModuleOp module, const CpuLevel& level);

  const CpuLevel& level() const { return level_; }
  Type ptr() const { return ptr_; }
  Type i64() const { return i64_; }
  Type i32() const { return i32_; }
  Type i16() const { return i16_; }
  Type i8() { return builder_.getI8Type(); }
  Type f16() { return builder_.getF16Type(); }
  Type f32() const { return f32_; }
  Type f64() const { return f64_; }
  mlir::VectorType Lanes(Type element, int64_t lanes = kLanes) const;

  // Functions. A kernel is exported; a helper is private to the module and is called, never
  // inlined, so that each register tile gets the registers of a function of its own.
  void Kernel(llvm::StringRef name, llvm::function_ref<void(const KernelArgs&)> body);
  mlir::LLVM::LLVMFuncOp Helper(llvm::StringRef name, llvm::ArrayRef<Type> args,
                                llvm::function_ref<void(mlir::ValueRange)> body);
  void Call(mlir::LLVM::LLVMFuncOp helper, mlir::ValueRange args);
  // Calls a function of the kernels that are C++ (compiler/codegen/cpu/bitcode), which returns
  // nothing. Its body comes with code generation.
  void CallBitcode(llvm::StringRef name, mlir::ValueRange args);

  // Constants and integers (i64 unless the operands say otherwise).
  Value Index(int64_t value);
  Value I32(int32_t value);
  Value F32(float value);
  Value NullPointer();
  Value Splat(float value);
  Value Splat64(double value);
  Value SplatI64(int64_t value);
  Value Zero() { return Splat(0.0f); }
  Value Add(Value a, Value b);
  Value Add(Value a, int64_t b) { return Add(a, Index(b)); }
  Value Sub(Value a, Value b);
  Value Mul(Value a, Value b);
  Value Mul(Value a, int64_t b) { return Mul(a, Index(b)); }
  Value Div(Value a, int64_t b);  // of a value that is not negative
  Value Rem(Value a, int64_t b);
  Value Quotient(Value a, Value b);  // of values that are not negative
  Value Min(Value a, Value b);
  Value Max(Value a, Value b);
  Value Clamp(Value a, Value low, Value high) { return Min(Max(a, low), high); }
  Value Compare(mlir::arith::CmpIPredicate predicate, Value a, Value b);
  Value Less(Value a, Value b) { return Compare(mlir::arith::CmpIPredicate::slt, a, b); }
  Value And(Value a, Value b);
  Value Select(Value condition, Value a, Value b);
  Value Extend(Value i32_value);  // i32 to i64, signed

  // Control.
  void For(Value lower, Value upper, int64_t step, llvm::function_ref<void(Value)> body);
  Values For(Value lower, Value upper, int64_t step, mlir::ValueRange init,
             llvm::function_ref<Values(Value, mlir::ValueRange)> body);
  // body(element, mask) for each 16 elements of [0, width); mask is null for whole vectors.
  void ForVectors(int64_t width, llvm::function_ref<void(Value element, Value mask)> body);
  void If(Value condition, llvm::function_ref<void()> then,
          llvm::function_ref<void()> otherwise = nullptr);
  Values If(Value condition, mlir::TypeRange results, llvm::function_ref<Values()> then,
            llvm::function_ref<Values()> otherwise);
  Values While(mlir::ValueRange init, llvm::function_ref<Value(mlir::ValueRange)> condition,
               llvm::function_ref<Values(mlir::ValueRange)> body);

  // Memory. At: base + index * bytes. Loads and stores assume the alignment of one element.
  Value At(Value base, Value index, int64_t bytes);
  Value At(Value base, int64_t byte_offset);
  Value Operand(const KernelArgs& args, int64_t index);  // pointer operands[index]
  Value Dim(const KernelArgs& args, int64_t index);
  Value Load(Type type, Value address, int64_t alignment);
  void Store(Value value, Value address, int64_t alignment);
  Value LoadScalar(Storage storage, Value address);  // f32
  // 16 lanes of f32. Where a mask is given, lanes that are off are not read, and 0.
  Value LoadVector(Storage storage, Value address, Value mask = {});
  Value LoadMaskedAs(Type lanes, Value address, Value mask);  // as memory holds them
  Value Stored(Storage storage,
               Value vector);  // f32 lanes as memory holds them: itself, or 16 x i16
  void StoreVector(Storage storage, Value vector, Value address, Value mask = {});
  void Prefetch(Value address);  // for reading once: to L2, past the levels that hold activations
  Value Widen(Value bf16_bits);  // 16 x i16 to f32
  // Packed pairs of bf16 (layout k2n16): 16 columns x 2 k from one cache line, as the f32 vectors
  // of the even and of the odd k.
  std::pair<Value, Value> LoadPairs(Value address) {
    return SplitPairs(Load(Lanes(i32_), address, 64));
  }
  std::pair<Value, Value> SplitPairs(Value pairs);  // of 16 x i32
  // A cache line of packed pairs as it is: 32 x bf16, the pair of each of 16 columns.
  mlir::VectorType BF16Pairs() const;

  // f32 lanes. All take vectors or scalars; Fma rounds once.
  Value Broadcast(Value scalar);
  Value AddF(Value a, Value b);
  Value SubF(Value a, Value b);
  Value MulF(Value a, Value b);
  Value DivF(Value a, Value b);
  Value Fma(Value a, Value b, Value c);
  // 32 x bf16, those of `low` first, to nearest even; denormal numbers become zero. Needs
  // avx512_bf16.
  Value NarrowPair(Value low, Value high);
  // sum + the dot product of the pair of bf16 in each of 16 lanes; needs avx512_bf16.
  Value DotBF16(Value sum, Value pairs, Value other_pairs);
  // i32 sum + the dot product of the four bytes in each of 16 lanes, u8 times i8; needs
  // avx512_vnni.
  Value DotBytes(Value sum, Value unsigned_bytes, Value signed_bytes);
  Value NegF(Value a);
  Value MaxF(Value a, Value b);   // b where either is NaN
  Value MinF(Value a, Value b);   // b where either is NaN
  Value LessF(Value a, Value b);  // false where either is NaN
  Value Sqrt(Value a);
  Value Exp(Value x);
  Value Silu(Value x);  // x / (1 + exp(-x))
  // silu(gate) * up; with a limit: min(silu(gate), limit) * clamp(up, -limit, limit), as
  // transformers models/step3p5 clamps.
  Value SwiGlu(Value gate, Value up, float limit);
  Value ReduceAdd(Value vector);  // a fixed tree: lanes i and i + 8, then i + 4, ...
  Value ReduceMax(Value vector);
  Value Extract(Value vector, int64_t lane);
  Value LaneIndices();                   // i32 0..15
  Value MaskBelow(Value count);          // lanes with index < count (i64)
  Value CastTo(Type type, Value value);  // bitcast
  Value ToF64(Value f32_lanes);
  Value ToF32(Value f64_lanes);
  Value IntToF32(Value i32);  // scalar or vector
  Value FromF16(Value f16_lanes);

  // Integer lanes.
  Value SplatI32(int32_t value);
  Value ShiftRight(Value lanes, int bits);  // zeros come in
  Value MaxUnsigned(Value a, Value b);
  Value Truncated(Type element, Value integers);  // scalar or vector
  Value Shuffled(Value vector, llvm::ArrayRef<int64_t> lanes);
  Value Joined(Value low, Value high);  // one vector of the lanes of both
  Value ReduceAddInt(Value vector);
  Value ReduceMaxUnsigned(Value vector);
  Value Recast(Type lanes, Value vector);  // the same bits in lanes of another width
  // A machine instruction by LLVM's name of it.
  Value Intrinsic(llvm::StringRef name, Type result, mlir::ValueRange args);

  mlir::OpBuilder& mlir() { return builder_; }
  mlir::Location loc() const { return loc_; }

 private:
  Value Narrow(Value vector);  // to nearest even, as 16 x i16
  Value ShuffledHalf(Value vector, int64_t distance);
  template <typename Op, typename... Args>
  Value Make(Args&&... args) {
    return Op::create(builder_, loc_, std::forward<Args>(args)...).getResult();
  }

  mlir::ModuleOp module_;
  CpuLevel level_;
  mlir::OpBuilder builder_;
  mlir::Location loc_;
  Type ptr_, i64_, i32_, i16_, f32_, f64_;
};

}  // namespace lathe
