#include "compiler/lower/byte_dot.h"

#include "llvm/ADT/STLExtras.h"
#include "runtime/base/check.h"

namespace lathe {

using namespace mlir;  // NOLINT(google-build-using-namespace): op names would fill every line

namespace {

constexpr int64_t kLineAlignment = 64;

// The line's stored numbers as bytes in 16 lanes of i32, one vector for each 4 of its k.
SmallVector<Value> BytesOfLine(KernelBuilder& b, Value line, int bits) {
  Value loaded = b.Load(b.Lanes(b.i32()), line, kLineAlignment);
  if (bits == 8) return {loaded};
  LATHE_CHECK(bits == 4) << bits;
  Value low_halves = b.SplatI32(0x0f0f0f0f);
  return {b.And(loaded, low_halves), b.And(b.ShiftRight(loaded, 4), low_halves)};
}

Value BroadcastWord(KernelBuilder& b, Value address) {
  return b.Broadcast(b.Load(b.i32(), address, 4));
}

// AVX-512 VNNI: one instruction.
class VnniDot : public ByteDot {
 public:
  explicit VnniDot(KernelBuilder& b) : b_(b) {}

  int64_t ActivationBytes() const override { return 1; }

  void StoreActivations(Value numbers, Value address) const override {
    b_.Store(b_.Truncated(b_.i8(), numbers), address, kLanes);
  }

  Factor LoadActivations(Value address) const override {
    return {b_.Recast(Bytes(), BroadcastWord(b_, address))};
  }

  SmallVector<Factor> LoadWeights(Value line, int bits) const override {
    SmallVector<Factor> parts;
    for (Value bytes : BytesOfLine(b_, line, bits)) parts.push_back({b_.Recast(Bytes(), bytes)});
    return parts;
  }

  Value Add(Value sum, const Factor& weights, const Factor& activations) const override {
    return b_.DotBytes(sum, weights[0], activations[0]);
  }

 private:
  Type Bytes() const { return b_.Lanes(b_.i8(), 64); }

  KernelBuilder& b_;
};

// AVX2: bytes are widened to 16 bits, of which one instruction multiplies pairs and adds each pair
// to 32 bits. Even and odd bytes are taken apart in place, so that a lane of 32 bits stays a
// column; the activations are stored in that order: k 0 and 2, then 1 and 3. The instruction for
// pairs of bytes (vpmaddubsw) saturates at 16 bits and is no use for 8-bit numbers.
class WideningDot : public ByteDot {
 public:
  explicit WideningDot(KernelBuilder& b) : b_(b) {}

  int64_t ActivationBytes() const override { return 2; }

  void StoreActivations(Value numbers, Value address) const override {
    SmallVector<int64_t> order;
    for (int64_t k = 0; k < kLanes; k += 4) order.append({k, k + 2, k + 1, k + 3});
    b_.Store(b_.Shuffled(b_.Truncated(b_.i16(), numbers), order), address, kLanes * 2);
  }

  Factor LoadActivations(Value address) const override {
    return {b_.Recast(Pairs(), BroadcastWord(b_, address)),
            b_.Recast(Pairs(), BroadcastWord(b_, b_.At(address, 4)))};
  }

  SmallVector<Factor> LoadWeights(Value line, int bits) const override {
    SmallVector<Factor> parts;
    for (Value bytes : BytesOfLine(b_, line, bits)) {
      Value even = b_.Recast(Pairs(), b_.And(bytes, b_.SplatI32(0x00ff00ff)));
      Value odd = b_.ShiftRight(b_.Recast(Pairs(), bytes), 8);
      parts.push_back({even, odd});
    }
    return parts;
  }

  Value Add(Value sum, const Factor& weights, const Factor& activations) const override {
    for (auto [weight, activation] : llvm::zip_equal(weights, activations))
      sum = b_.Add(sum, MultiplyPairs(weight, activation));
    return sum;
  }

 private:
  Type Pairs() const { return b_.Lanes(b_.i16(), 32); }

  // Halves of 256 bits, as the instruction takes them.
  Value MultiplyPairs(Value x, Value y) const {
    SmallVector<int64_t> low = llvm::to_vector(llvm::seq<int64_t>(0, 16));
    SmallVector<int64_t> high = llvm::to_vector(llvm::seq<int64_t>(16, 32));
    auto half = [&](ArrayRef<int64_t> lanes) {
      return b_.Intrinsic("llvm.x86.avx2.pmadd.wd", b_.Lanes(b_.i32(), 8),
                          {b_.Shuffled(x, lanes), b_.Shuffled(y, lanes)});
    };
    return b_.Joined(half(low), half(high));
  }

  KernelBuilder& b_;
};

}  // namespace

std::unique_ptr<ByteDot> MakeByteDot(KernelBuilder& b) {
  if (b.level().Has("avx512_vnni")) return std::make_unique<VnniDot>(b);
  return std::make_unique<WideningDot>(b);
}

}  // namespace lathe
