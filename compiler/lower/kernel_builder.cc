#include "compiler/lower/kernel_builder.h"

#include <bit>

#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

namespace lathe {

using namespace mlir;  // NOLINT(google-build-using-namespace): op names would fill every line

KernelBuilder::KernelBuilder(ModuleOp module, const CpuLevel& level)
    : module_(module), level_(level), builder_(module.getContext()), loc_(module.getLoc()) {
  MLIRContext* context = module.getContext();
  ptr_ = LLVM::LLVMPointerType::get(context);
  i64_ = builder_.getI64Type();
  i32_ = builder_.getI32Type();
  i16_ = builder_.getI16Type();
  f32_ = builder_.getF32Type();
  f64_ = builder_.getF64Type();
  builder_.setInsertionPointToEnd(module.getBody());
}

VectorType KernelBuilder::Lanes(Type element, int64_t lanes) const {
  return VectorType::get({lanes}, element);
}

void KernelBuilder::Kernel(StringRef name, function_ref<void(const KernelArgs&)> body) {
  OpBuilder::InsertionGuard guard(builder_);
  builder_.setInsertionPointToEnd(module_.getBody());
  auto type = LLVM::LLVMFunctionType::get(LLVM::LLVMVoidType::get(module_.getContext()),
                                          {ptr_, ptr_, i64_, i64_, ptr_});
  auto function = LLVM::LLVMFuncOp::create(builder_, loc_, name, type);
  builder_.setInsertionPointToStart(function.addEntryBlock(builder_));
  body({function.getArgument(0), function.getArgument(1), function.getArgument(2),
        function.getArgument(3), function.getArgument(4)});
  LLVM::ReturnOp::create(builder_, loc_, ValueRange{});
}

LLVM::LLVMFuncOp KernelBuilder::Helper(StringRef name, ArrayRef<Type> args,
                                       function_ref<void(ValueRange)> body) {
  OpBuilder::InsertionGuard guard(builder_);
  builder_.setInsertionPointToStart(module_.getBody());
  auto type = LLVM::LLVMFunctionType::get(LLVM::LLVMVoidType::get(module_.getContext()), args);
  auto function = LLVM::LLVMFuncOp::create(builder_, loc_, name, type, LLVM::Linkage::Internal);
  function.setNoInline(true);
  builder_.setInsertionPointToStart(function.addEntryBlock(builder_));
  body(function.getArguments());
  LLVM::ReturnOp::create(builder_, loc_, ValueRange{});
  return function;
}

void KernelBuilder::Call(LLVM::LLVMFuncOp helper, ValueRange args) {
  LLVM::CallOp::create(builder_, loc_, helper, args);
}

void KernelBuilder::CallBitcode(StringRef name, ValueRange args) {
  auto function = module_.lookupSymbol<LLVM::LLVMFuncOp>(name);
  if (!function) {
    OpBuilder::InsertionGuard guard(builder_);
    builder_.setInsertionPointToStart(module_.getBody());
    auto type = LLVM::LLVMFunctionType::get(LLVM::LLVMVoidType::get(module_.getContext()),
                                            llvm::to_vector(args.getTypes()));
    function = LLVM::LLVMFuncOp::create(builder_, loc_, name, type);
  }
  Call(function, args);
}

Value KernelBuilder::Index(int64_t value) {
  return Make<arith::ConstantOp>(builder_.getI64IntegerAttr(value));
}
Value KernelBuilder::I32(int32_t value) {
  return Make<arith::ConstantOp>(builder_.getI32IntegerAttr(value));
}
Value KernelBuilder::F32(float value) {
  return Make<arith::ConstantOp>(builder_.getF32FloatAttr(value));
}
Value KernelBuilder::NullPointer() { return Make<LLVM::ZeroOp>(ptr_); }
Value KernelBuilder::Splat(float value) {
  return Make<arith::ConstantOp>(DenseElementsAttr::get(Lanes(f32_), value));
}
Value KernelBuilder::Splat64(double value) {
  return Make<arith::ConstantOp>(DenseElementsAttr::get(Lanes(f64_), value));
}
Value KernelBuilder::SplatI64(int64_t value) {
  return Make<arith::ConstantOp>(DenseElementsAttr::get(Lanes(i64_), value));
}
Value KernelBuilder::SplatI32(int32_t value) {
  return Make<arith::ConstantOp>(DenseElementsAttr::get(Lanes(i32_), value));
}

Value KernelBuilder::Add(Value a, Value b) { return Make<arith::AddIOp>(a, b); }
Value KernelBuilder::Sub(Value a, Value b) { return Make<arith::SubIOp>(a, b); }
Value KernelBuilder::Mul(Value a, Value b) { return Make<arith::MulIOp>(a, b); }
Value KernelBuilder::Div(Value a, int64_t b) { return Make<arith::DivUIOp>(a, Index(b)); }
Value KernelBuilder::Rem(Value a, int64_t b) { return Make<arith::RemUIOp>(a, Index(b)); }
Value KernelBuilder::Quotient(Value a, Value b) { return Make<arith::DivUIOp>(a, b); }
Value KernelBuilder::Min(Value a, Value b) { return Make<arith::MinSIOp>(a, b); }
Value KernelBuilder::Max(Value a, Value b) { return Make<arith::MaxSIOp>(a, b); }
Value KernelBuilder::Compare(arith::CmpIPredicate predicate, Value a, Value b) {
  return Make<arith::CmpIOp>(predicate, a, b);
}
Value KernelBuilder::And(Value a, Value b) { return Make<arith::AndIOp>(a, b); }
Value KernelBuilder::Select(Value condition, Value a, Value b) {
  return Make<arith::SelectOp>(condition, a, b);
}
Value KernelBuilder::Extend(Value i32_value) { return Make<arith::ExtSIOp>(i64_, i32_value); }

void KernelBuilder::For(Value lower, Value upper, int64_t step, function_ref<void(Value)> body) {
  For(lower, upper, step, ValueRange{}, [&](Value index, ValueRange) {
    body(index);
    return Values{};
  });
}

Values KernelBuilder::For(Value lower, Value upper, int64_t step, ValueRange init,
                          function_ref<Values(Value, ValueRange)> body) {
  auto loop = scf::ForOp::create(builder_, loc_, lower, upper, Index(step), init,
                                 [&](OpBuilder&, Location, Value index, ValueRange state) {
                                   Values next = body(index, state);
                                   scf::YieldOp::create(builder_, loc_, next);
                                 });
  return Values(loop.getResults());
}

void KernelBuilder::ForVectors(int64_t width, function_ref<void(Value, Value)> body) {
  const int64_t whole = width / kLanes * kLanes;
  if (whole > 0) {
    For(Index(0), Index(whole), kLanes, [&](Value element) { body(element, Value()); });
  }
  if (whole < width) body(Index(whole), MaskBelow(Index(width - whole)));
}

void KernelBuilder::If(Value condition, function_ref<void()> then, function_ref<void()> otherwise) {
  auto op = scf::IfOp::create(builder_, loc_, condition, /*withElseRegion=*/bool(otherwise));
  OpBuilder::InsertionGuard guard(builder_);
  builder_.setInsertionPointToStart(op.thenBlock());
  then();
  if (otherwise) {
    builder_.setInsertionPointToStart(op.elseBlock());
    otherwise();
  }
}

Values KernelBuilder::If(Value condition, TypeRange results, function_ref<Values()> then,
                         function_ref<Values()> otherwise) {
  auto op = scf::IfOp::create(builder_, loc_, results, condition, /*withElseRegion=*/true);
  OpBuilder::InsertionGuard guard(builder_);
  builder_.setInsertionPointToStart(op.thenBlock());
  scf::YieldOp::create(builder_, loc_, then());
  builder_.setInsertionPointToStart(op.elseBlock());
  scf::YieldOp::create(builder_, loc_, otherwise());
  return Values(op.getResults());
}

Values KernelBuilder::While(ValueRange init, function_ref<Value(ValueRange)> condition,
                            function_ref<Values(ValueRange)> body) {
  auto loop = scf::WhileOp::create(
      builder_, loc_, init.getTypes(), init,
      [&](OpBuilder&, Location, ValueRange state) {
        Value go_on = condition(state);
        scf::ConditionOp::create(builder_, loc_, go_on, state);
      },
      [&](OpBuilder&, Location, ValueRange state) {
        Values next = body(state);
        scf::YieldOp::create(builder_, loc_, next);
      });
  return Values(loop.getResults());
}

Value KernelBuilder::At(Value base, Value index, int64_t bytes) {
  Value offset = bytes == 1 ? index : Mul(index, bytes);
  return Make<LLVM::GEPOp>(ptr_, builder_.getI8Type(), base, ArrayRef<LLVM::GEPArg>{offset});
}

Value KernelBuilder::At(Value base, int64_t byte_offset) {
  if (byte_offset == 0) return base;
  // A constant index of a GEP has 29 bits.
  constexpr int64_t kLargest = (int64_t{1} << 28) - 1;
  if (byte_offset > kLargest || byte_offset < -kLargest) return At(base, Index(byte_offset), 1);
  return Make<LLVM::GEPOp>(ptr_, builder_.getI8Type(), base,
                           ArrayRef<LLVM::GEPArg>{static_cast<int32_t>(byte_offset)});
}

Value KernelBuilder::Operand(const KernelArgs& args, int64_t index) {
  return Load(ptr_, At(args.operands, index * 8), 8);
}

Value KernelBuilder::Dim(const KernelArgs& args, int64_t index) {
  return Load(i64_, At(args.dims, index * 8), 8);
}

Value KernelBuilder::Load(Type type, Value address, int64_t alignment) {
  return Make<LLVM::LoadOp>(type, address, static_cast<unsigned>(alignment));
}

void KernelBuilder::Store(Value value, Value address, int64_t alignment) {
  LLVM::StoreOp::create(builder_, loc_, value, address, static_cast<unsigned>(alignment));
}

Value KernelBuilder::LoadScalar(Storage storage, Value address) {
  if (storage == Storage::kF32) return Load(f32_, address, 4);
  Value wide = Make<arith::ExtUIOp>(i32_, Load(i16_, address, 2));
  return CastTo(f32_, Make<arith::ShLIOp>(wide, I32(16)));
}

Value KernelBuilder::LoadVector(Storage storage, Value address, Value mask) {
  Type lanes = Lanes(storage == Storage::kF32 ? f32_ : i16_);
  Value loaded =
      mask ? LoadMaskedAs(lanes, address, mask) : Load(lanes, address, ByteSize(storage));
  return storage == Storage::kF32 ? loaded : Widen(loaded);
}

Value KernelBuilder::LoadMaskedAs(Type lanes, Value address, Value mask) {
  Value zeros = Make<arith::ConstantOp>(cast<TypedAttr>(builder_.getZeroAttr(lanes)));
  const unsigned alignment = cast<VectorType>(lanes).getElementTypeBitWidth() / 8;
  return Make<LLVM::MaskedLoadOp>(lanes, address, mask, zeros, alignment);
}

Value KernelBuilder::Stored(Storage storage, Value vector) {
  return storage == Storage::kF32 ? vector : Narrow(vector);
}

void KernelBuilder::StoreVector(Storage storage, Value vector, Value address, Value mask) {
  Value stored = Stored(storage, vector);
  if (!mask) return Store(stored, address, ByteSize(storage));
  LLVM::MaskedStoreOp::create(builder_, loc_, stored, address, mask,
                              static_cast<unsigned>(ByteSize(storage)));
}

void KernelBuilder::Prefetch(Value address) {
  constexpr int kRead = 0, kLocality = 2, kData = 1;
  LLVM::Prefetch::create(builder_, loc_, address, kRead, kLocality, kData);
}

std::pair<Value, Value> KernelBuilder::SplitPairs(Value pairs) {
  Value even = Make<arith::ShLIOp>(pairs, SplatI32(16));
  Value odd = Make<arith::AndIOp>(pairs, SplatI32(std::bit_cast<int32_t>(0xffff0000u)));
  return {CastTo(Lanes(f32_), even), CastTo(Lanes(f32_), odd)};
}

VectorType KernelBuilder::BF16Pairs() const {
  return VectorType::get({2 * kLanes}, BFloat16Type::get(loc_.getContext()));
}

Value KernelBuilder::Widen(Value bf16_bits) {
  Value wide = Make<arith::ExtUIOp>(Lanes(i32_), bf16_bits);
  return CastTo(Lanes(f32_), Make<arith::ShLIOp>(wide, SplatI32(16)));
}

Value KernelBuilder::Narrow(Value vector) {
  // As F32ToBF16 of runtime/base/float_types.h: add half of the last kept bit, less one where that
  // bit is even; a NaN stays quiet.
  Value bits = CastTo(Lanes(i32_), vector);
  Value high = Make<arith::ShRUIOp>(bits, SplatI32(16));
  Value odd = Make<arith::AndIOp>(high, SplatI32(1));
  Value sum = Make<arith::AddIOp>(Make<arith::AddIOp>(bits, SplatI32(0x7fff)), odd);
  Value rounded = Make<arith::ShRUIOp>(sum, SplatI32(16));
  Value quiet = Make<arith::OrIOp>(high, SplatI32(0x40));
  Value is_nan = Make<arith::CmpFOp>(arith::CmpFPredicate::UNO, vector, vector);
  return Make<arith::TruncIOp>(Lanes(i16_), Select(is_nan, quiet, rounded));
}

Value KernelBuilder::Broadcast(Value scalar) {
  return Make<vector::BroadcastOp>(Lanes(scalar.getType()), scalar);
}
Value KernelBuilder::AddF(Value a, Value b) { return Make<arith::AddFOp>(a, b); }
Value KernelBuilder::SubF(Value a, Value b) { return Make<arith::SubFOp>(a, b); }
Value KernelBuilder::MulF(Value a, Value b) { return Make<arith::MulFOp>(a, b); }
Value KernelBuilder::DivF(Value a, Value b) { return Make<arith::DivFOp>(a, b); }
Value KernelBuilder::Fma(Value a, Value b, Value c) {
  return Make<LLVM::FMAOp>(a.getType(), a, b, c);
}
Value KernelBuilder::NarrowPair(Value low, Value high) {
  return Intrinsic("llvm.x86.avx512bf16.cvtne2ps2bf16.512", BF16Pairs(), {high, low});
}
Value KernelBuilder::DotBF16(Value sum, Value pairs, Value other_pairs) {
  return Intrinsic("llvm.x86.avx512bf16.dpbf16ps.512", sum.getType(), {sum, pairs, other_pairs});
}
Value KernelBuilder::DotBytes(Value sum, Value unsigned_bytes, Value signed_bytes) {
  return Intrinsic("llvm.x86.avx512.vpdpbusd.512", sum.getType(),
                   {sum, unsigned_bytes, signed_bytes});
}
Value KernelBuilder::NegF(Value a) { return Make<arith::NegFOp>(a); }

// One instruction on x86: vmaxps gives its second operand where either is NaN.
Value KernelBuilder::MaxF(Value a, Value b) {
  return Select(Make<arith::CmpFOp>(arith::CmpFPredicate::OGT, a, b), a, b);
}
Value KernelBuilder::MinF(Value a, Value b) {
  return Select(Make<arith::CmpFOp>(arith::CmpFPredicate::OLT, a, b), a, b);
}
Value KernelBuilder::LessF(Value a, Value b) {
  return Make<arith::CmpFOp>(arith::CmpFPredicate::OLT, a, b);
}
Value KernelBuilder::Sqrt(Value a) { return Make<LLVM::SqrtOp>(a.getType(), a); }

// exp(x) = 2^n * p(r), n = round(x / ln 2), r = x - n ln 2 in two parts; the polynomial is that of
// Cephes expf (exp.c, S. Moshier), good to 2 ulp. Adding 1.5 * 2^23 rounds to an integer whose bits
// are then the low bits of the sum. 2^n is applied in two halves, so that both overflow and gradual
// underflow come out right; NaN passes through.
Value KernelBuilder::Exp(Value x) {
  const float kRound = 12582912.0f;
  x = MaxF(Splat(-104.0f), x);
  x = MinF(Splat(89.0f), x);
  Value shifted = Fma(x, Splat(1.44269504088896341f), Splat(kRound));
  Value n = SubF(shifted, Splat(kRound));
  Value r = Fma(n, Splat(-0.693359375f), x);
  r = Fma(n, Splat(2.12194440e-4f), r);
  Value p = Splat(1.9875691500e-4f);
  for (float c :
       {1.3981999507e-3f, 8.3334519073e-3f, 4.1665795894e-2f, 1.6666665459e-1f, 5.0000001201e-1f}) {
    p = Fma(p, r, Splat(c));
  }
  p = AddF(Fma(p, MulF(r, r), r), Splat(1.0f));
  Value exponent =
      Make<arith::SubIOp>(CastTo(Lanes(i32_), shifted), SplatI32(std::bit_cast<int32_t>(kRound)));
  Value half = Make<arith::ShRSIOp>(exponent, SplatI32(1));
  Value rest = Make<arith::SubIOp>(exponent, half);
  for (Value part : {half, rest}) {
    Value biased = Make<arith::AddIOp>(part, SplatI32(127));
    p = MulF(p, CastTo(Lanes(f32_), Make<arith::ShLIOp>(biased, SplatI32(23))));
  }
  return p;
}

Value KernelBuilder::Silu(Value x) { return DivF(x, AddF(Splat(1.0f), Exp(NegF(x)))); }

Value KernelBuilder::SwiGlu(Value gate, Value up, float limit) {
  gate = Silu(gate);
  if (limit > 0) {
    gate = MinF(Splat(limit), gate);
    up = MaxF(Splat(-limit), MinF(Splat(limit), up));
  }
  return MulF(gate, up);
}

Value KernelBuilder::ShuffledHalf(Value vector, int64_t distance) {
  SmallVector<int64_t> lanes;
  for (int64_t i = 0; i < kLanes; ++i) lanes.push_back((i + distance) % kLanes);
  return Make<vector::ShuffleOp>(vector, vector, lanes);
}

Value KernelBuilder::ReduceAdd(Value vector) {
  for (int64_t distance = kLanes / 2; distance > 0; distance /= 2) {
    vector = AddF(vector, ShuffledHalf(vector, distance));
  }
  return Extract(vector, 0);
}

Value KernelBuilder::ReduceMax(Value vector) {
  for (int64_t distance = kLanes / 2; distance > 0; distance /= 2) {
    vector = MaxF(vector, ShuffledHalf(vector, distance));
  }
  return Extract(vector, 0);
}

Value KernelBuilder::Extract(Value vector, int64_t lane) {
  return Make<vector::ExtractOp>(vector, lane);
}

Value KernelBuilder::LaneIndices() {
  SmallVector<int32_t> lanes;
  for (int32_t i = 0; i < kLanes; ++i) lanes.push_back(i);
  return Make<arith::ConstantOp>(DenseElementsAttr::get(Lanes(i32_), ArrayRef<int32_t>(lanes)));
}

Value KernelBuilder::MaskBelow(Value count) {
  // Clamped first: counts far outside [0, 16] must not wrap.
  Value clamped = Clamp(count, Index(0), Index(kLanes));
  Value limit = Make<arith::TruncIOp>(i32_, clamped);
  return Compare(arith::CmpIPredicate::slt, LaneIndices(), Broadcast(limit));
}

Value KernelBuilder::CastTo(Type type, Value value) { return Make<arith::BitcastOp>(type, value); }

Value KernelBuilder::ToF64(Value f32_lanes) { return Make<arith::ExtFOp>(Lanes(f64_), f32_lanes); }
Value KernelBuilder::ToF32(Value f64_lanes) {
  return Make<arith::TruncFOp>(Lanes(f32_), f64_lanes);
}
Value KernelBuilder::IntToF32(Value i32) {
  Type type = f32_;
  if (auto lanes = dyn_cast<VectorType>(i32.getType())) type = lanes.clone(f32_);
  return Make<arith::SIToFPOp>(type, i32);
}
Value KernelBuilder::FromF16(Value f16_lanes) {
  return Make<arith::ExtFOp>(cast<VectorType>(f16_lanes.getType()).clone(f32_), f16_lanes);
}

Value KernelBuilder::ShiftRight(Value lanes, int bits) {
  auto type = cast<VectorType>(lanes.getType());
  auto amount = DenseElementsAttr::get(type, builder_.getIntegerAttr(type.getElementType(), bits));
  return Make<arith::ShRUIOp>(lanes, Make<arith::ConstantOp>(amount));
}
Value KernelBuilder::MaxUnsigned(Value a, Value b) { return Make<arith::MaxUIOp>(a, b); }
Value KernelBuilder::Truncated(Type element, Value integers) {
  auto lanes = dyn_cast<VectorType>(integers.getType());
  return Make<arith::TruncIOp>(lanes ? Type(lanes.clone(element)) : element, integers);
}
Value KernelBuilder::Shuffled(Value vector, ArrayRef<int64_t> lanes) {
  return Make<vector::ShuffleOp>(vector, vector, lanes);
}
Value KernelBuilder::Joined(Value low, Value high) {
  const int64_t lanes = 2 * cast<VectorType>(low.getType()).getNumElements();
  return Make<vector::ShuffleOp>(low, high, llvm::to_vector(llvm::seq<int64_t>(0, lanes)));
}
Value KernelBuilder::ReduceAddInt(Value vector) {
  return Make<vector::ReductionOp>(vector::CombiningKind::ADD, vector);
}
Value KernelBuilder::ReduceMaxUnsigned(Value vector) {
  return Make<vector::ReductionOp>(vector::CombiningKind::MAXUI, vector);
}
Value KernelBuilder::Recast(Type lanes, Value vector) {
  return Make<vector::BitCastOp>(cast<VectorType>(lanes), vector);
}
Value KernelBuilder::Intrinsic(StringRef name, Type result, ValueRange args) {
  return LLVM::CallIntrinsicOp::create(builder_, loc_, result, builder_.getStringAttr(name), args)
      ->getResult(0);
}

}  // namespace lathe
