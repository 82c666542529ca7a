#include "compiler/lower/argmax.h"

#include <limits>

#include "runtime/base/check.h"

namespace lathe {

using namespace mlir;  // NOLINT(google-build-using-namespace): op names would fill every line

namespace {

constexpr float kMinusInfinity = -std::numeric_limits<float>::infinity();

// `vector` with minus infinity for what is no number and where `mask` is off (null: all on).
Value Numbers(KernelBuilder& b, Value vector, Value mask) {
  Value least = b.Splat(kMinusInfinity);
  Value numbers = b.MaxF(vector, least);  // the second where either is no number
  return mask ? b.Select(mask, numbers, least) : numbers;
}

// f32 numbers in memory.
struct Array {
  Value base;
  Value count;

  Array Behind(KernelBuilder& b, Value first) const {
    return {b.At(base, first, 4), b.Sub(count, first)};
  }
};

Value LoadNumbers(KernelBuilder& b, const Array& array, Value first) {
  Value mask = b.MaskBelow(b.Sub(array.count, first));
  return Numbers(b, b.LoadVector(Storage::kF32, b.At(array.base, first, 4), mask), mask);
}

// The largest number of `array`, minus infinity where there is none.
Value Largest(KernelBuilder& b, const Array& array) {
  Value whole = b.Mul(b.Div(array.count, kLanes), kLanes);
  Values best = b.For(b.Index(0), whole, kLanes, {b.Splat(kMinusInfinity)},
                      [&](Value first, ValueRange in) -> Values {
                        Value vector = b.LoadVector(Storage::kF32, b.At(array.base, first, 4));
                        return {b.MaxF(vector, in[0])};  // what was best where it is no number
                      });
  return b.ReduceMax(b.MaxF(best[0], LoadNumbers(b, array, whole)));
}

// The first of `array` that is a number not below `least`, which is above minus infinity; none: at
// least its count.
Value FirstNotBelow(KernelBuilder& b, const Array& array, Value least) {
  Value limit = b.Broadcast(least);
  // 16, 15, .. 1 by lane, so that the largest of the lanes that fit is the first of them.
  Value from_end = b.Sub(b.SplatI32(kLanes), b.LaneIndices());
  auto fits = [&](Value first) {
    Value below = b.LessF(LoadNumbers(b, array, first), limit);
    return b.ReduceMaxUnsigned(b.Select(below, b.SplatI32(0), from_end));
  };
  auto found = [&](Value lanes_left) {
    return b.Compare(arith::CmpIPredicate::ne, lanes_left, b.I32(0));
  };
  Values end = b.While(
      {b.Index(0), fits(b.Index(0))},
      [&](ValueRange at) {
        Value has_more = b.Less(b.Add(at[0], kLanes), array.count);
        return b.And(has_more, b.Compare(arith::CmpIPredicate::eq, at[1], b.I32(0)));
      },
      [&](ValueRange at) -> Values {
        Value next = b.Add(at[0], kLanes);
        return {next, fits(next)};
      });
  Value lane = b.Sub(b.Index(kLanes), b.Extend(end[1]));
  return b.Select(found(end[1]), b.Add(end[0], lane), array.count);
}

// Where to look for the id in a row, and for what.
struct Choice {
  Value best;   // the largest number
  Value first;  // of the numbers to look at
};

Choice ChooseBlock(KernelBuilder& b, const Array& row, Value maxima) {
  Array whole = {maxima, b.Div(row.count, kArgmaxBlock)};
  Value rest = b.Mul(whole.count, kArgmaxBlock);
  Value best = b.MaxF(Largest(b, whole), Largest(b, row.Behind(b, rest)));
  return {best, b.Mul(FirstNotBelow(b, whole, best), kArgmaxBlock)};
}

}  // namespace

Value LargestLane(KernelBuilder& b, Value vector, Value mask) {
  return b.ReduceMax(Numbers(b, vector, mask));
}

void EmitArgmax(KernelBuilder& b, llvm::StringRef name, const ArgmaxSpec& spec) {
  LATHE_CHECK(spec.columns > 0) << spec.columns;
  const int64_t blocks = (spec.columns - 1) / kArgmaxBlock + 1;
  b.Kernel(name, [&](const KernelArgs& args) {
    int64_t operand = 0;
    Value x = b.Operand(args, operand++);
    Value maxima = spec.has_maxima ? b.Operand(args, operand++) : Value();
    Value limits = b.Operand(args, operand++);
    Value ids = b.Operand(args, operand++);
    b.For(args.begin, args.end, 1, [&](Value r) {
      Value limit = b.Extend(b.Load(b.i32(), b.At(limits, r, 4), 4));
      Array row = {b.At(x, r, spec.columns * 4), b.Clamp(limit, b.Index(0), b.Index(spec.columns))};
      Choice choice = spec.has_maxima ? ChooseBlock(b, row, b.At(maxima, r, blocks * 4))
                                      : Choice{Largest(b, row), b.Index(0)};
      Array candidates = row.Behind(b, choice.first);
      if (spec.has_maxima) candidates.count = b.Min(candidates.count, b.Index(kArgmaxBlock));
      Value offset = FirstNotBelow(b, candidates, choice.best);
      Value is_number = b.LessF(b.F32(kMinusInfinity), choice.best);
      Value is_found = b.And(is_number, b.Less(offset, candidates.count));
      Value id = b.Select(is_found, b.Add(choice.first, offset), b.Index(-1));
      b.Store(b.Truncated(b.i32(), id), b.At(ids, r, 4), 4);
    });
  });
}

}  // namespace lathe
