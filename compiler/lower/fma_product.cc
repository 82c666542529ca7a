#include "compiler/lower/fma_product.h"

#include "runtime/base/check.h"

namespace lathe {

using namespace mlir;  // NOLINT(google-build-using-namespace): op names would fill every line

void FmaProduct::PrepareRow(Value, Value) const {
  LATHE_CHECK(false) << "rows of f32 are read where they lie";
}

// One vector for each k of the line.
SmallVector<Value> FmaProduct::LoadLine(Value address) const {
  if (format_ == WeightFormat::kF32) return {b_.Load(b_.Lanes(b_.f32()), address, 64)};
  auto [even, odd] = b_.LoadPairs(address);
  return {even, odd};
}

Values FmaProduct::Accumulate(const MatmulTile& tile, Value rows, ArrayRef<Value> weights) const {
  const int64_t lines = (inner_ + PerLine() - 1) / PerLine();
  const int64_t width = tile.blocks * tile.sources;
  const int64_t block_bytes = PackedWeightBytes(format_, kBlockColumns, inner_);
  const WeightStreams streams{
      .blocks = tile.blocks, .block_bytes = block_bytes, .prefetch_lines = prefetch_lines_};
  auto step = [&](Value line, ArrayRef<WeightStream> at, int64_t step, bool is_tail, Values& sums) {
    Value x = b_.At(rows, line, PerLine() * 4);
    SmallVector<SmallVector<Value>> loaded;
    for (const WeightStream& stream : at) {
      loaded.push_back(LoadLine(b_.At(stream.weights, step * 64)));
      if (stream.ahead) b_.Prefetch(b_.At(stream.ahead, step * 64));
    }
    for (int64_t part = 0; part < (is_tail ? 1 : PerLine()); ++part) {
      for (int64_t row = 0; row < tile.rows; ++row) {
        Value value = b_.Broadcast(b_.LoadScalar(
            Storage::kF32, b_.At(x, row * RowBytes() + (step * PerLine() + part) * 4)));
        for (int64_t s = 0; s < width; ++s) {
          Value& sum = sums[row * width + s];
          sum = b_.Fma(loaded[s][part], value, sum);
        }
      }
    }
  };
  return streams.Sum(b_, weights, lines, /*whole_lines=*/inner_ / PerLine(),
                     /*fmas=*/tile.rows * width, Values(tile.rows * width, b_.Zero()), step);
}

}  // namespace lathe
