#include "compiler/lower/weight_streams.h"

#include <algorithm>

namespace lathe {

using namespace mlir;  // NOLINT(google-build-using-namespace): op names would fill every line

namespace {

// FMAs of one step below which several steps are written out one after the other, at most four:
// small tiles need it to hide the loop, large ones would only grow.
constexpr int64_t kUnrolledFmas = 16;

}  // namespace

SmallVector<WeightStream> WeightStreams::At(KernelBuilder& b, ArrayRef<Value> weights,
                                            Value line) const {
  Value ahead;
  if (prefetch_lines > 0) {
    // No further than the same place in the next tile, or a short stream would ask for what nobody
    // reads.
    const int64_t prefetch_bytes = std::min(prefetch_lines * kLineBytes, block_bytes);
    const int64_t last_line = (block_bytes - prefetch_bytes) / kLineBytes;
    Value jump =
        b.Select(b.Less(line, b.Index(last_line)), b.Index(0), b.Index((blocks - 1) * block_bytes));
    ahead = b.Add(jump, prefetch_bytes);
  }
  SmallVector<WeightStream> streams;
  for (int64_t block = 0; block < blocks; ++block) {
    for (Value weight : weights) {
      Value at = b.At(b.At(weight, line, kLineBytes), block * block_bytes);
      streams.push_back({at, ahead ? b.At(at, ahead, 1) : Value()});
    }
  }
  return streams;
}

Values WeightStreams::Sum(KernelBuilder& b, ArrayRef<Value> weights, int64_t lines,
                          int64_t whole_lines, int64_t fmas, Values sums, Step step) const {
  const int64_t steps = std::clamp<int64_t>(kUnrolledFmas / fmas, 1, 4);
  const int64_t unrolled = whole_lines / steps * steps;
  if (unrolled > 0) {
    sums = b.For(b.Index(0), b.Index(unrolled), steps, sums, [&](Value line, ValueRange in) {
      Values next(in);
      SmallVector<WeightStream> streams = At(b, weights, line);
      for (int64_t i = 0; i < steps; ++i) step(line, streams, i, /*is_tail=*/false, next);
      return next;
    });
  }
  Value line = b.Index(unrolled);
  SmallVector<WeightStream> streams = At(b, weights, line);
  for (int64_t i = 0; unrolled + i < lines; ++i) {
    step(line, streams, i, /*is_tail=*/unrolled + i >= whole_lines, sums);
  }
  return sums;
}

}  // namespace lathe
