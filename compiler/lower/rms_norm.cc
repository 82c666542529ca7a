#include "compiler/lower/rms_norm.h"

namespace lathe {

using namespace mlir;  // NOLINT(google-build-using-namespace): op names would fill every line

namespace {

// Four chains of FMAs where the group is long enough, then a tree: one order for a width, whatever
// else.
Value SumOfSquares(KernelBuilder& b, int64_t width, function_ref<Value(Value, Value)> read) {
  constexpr int64_t kChains = 4;
  const int64_t unrolled = width / (kChains * kLanes) * kChains * kLanes;
  const int64_t whole = width / kLanes * kLanes;
  Values sums(kChains, b.Zero());
  auto square = [&](Value sum, Value element, Value mask) {
    Value x = read(element, mask);
    return b.Fma(x, x, sum);
  };
  if (unrolled > 0) {
    sums = b.For(b.Index(0), b.Index(unrolled), kChains * kLanes, sums,
                 [&](Value element, ValueRange in) {
                   Values next;
                   for (int64_t c = 0; c < kChains; ++c)
                     next.push_back(square(in[c], b.Add(element, c * kLanes), Value()));
                   return next;
                 });
  }
  for (int64_t element = unrolled; element < width; element += kLanes) {
    Value mask = element < whole ? Value() : b.MaskBelow(b.Index(width - element));
    Value& sum = sums[(element - unrolled) / kLanes];
    sum = square(sum, b.Index(element), mask);
  }
  return b.ReduceAdd(b.AddF(b.AddF(sums[0], sums[1]), b.AddF(sums[2], sums[3])));
}

}  // namespace

void EmitRmsNorm(KernelBuilder& b, const RmsNormSpec& spec, Value weight,
                 function_ref<Value(Value, Value)> read,
                 function_ref<void(Value, Value, Value)> write) {
  Value sum = b.Broadcast(SumOfSquares(b, spec.width, read));
  Value mean = b.DivF(sum, b.Splat(static_cast<float>(spec.width)));
  Value root = b.Sqrt(b.AddF(mean, b.Splat(spec.eps)));
  Value factor = b.DivF(b.Splat(1.0f), root);
  b.ForVectors(spec.width, [&](Value element, Value mask) {
    Value y = b.MulF(read(element, mask), factor);
    if (weight) {
      Value address = b.At(weight, element, ByteSize(spec.storage));
      Value w = b.LoadVector(spec.storage, address, mask);
      if (spec.offset != 0) w = b.AddF(w, b.Splat(spec.offset));
      y = b.MulF(y, w);
    }
    write(element, mask, y);
  });
}

}  // namespace lathe
