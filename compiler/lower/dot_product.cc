#include "compiler/lower/dot_product.h"

namespace lathe {

using namespace mlir;  // NOLINT(google-build-using-namespace): op names would fill every line

void DotProduct::PrepareRow(Value row, Value prepared) const {
  // The second half of the last pair, where it has one number only.
  if (inner_ % 2 != 0) b_.Store(b_.I32(0), b_.At(prepared, inner_ / 2 * 4), 4);
  b_.ForVectors(inner_, [&](Value element, Value mask) {
    Value from = b_.At(row, element, 4), to = b_.At(prepared, element, 2);
    b_.StoreVector(Storage::kBF16, b_.LoadVector(Storage::kF32, from, mask), to, mask);
  });
}

Values DotProduct::Accumulate(const MatmulTile& tile, Value rows, ArrayRef<Value> weights) const {
  const int64_t lines = (inner_ + 1) / 2;
  const int64_t width = tile.blocks * tile.sources;
  const int64_t block_bytes = PackedBlockBytes(WeightFormat::kBF16Pairs, inner_);
  const WeightStreams streams{
      .blocks = tile.blocks, .block_bytes = block_bytes, .prefetch_lines = prefetch_lines_};
  auto step = [&](Value line, ArrayRef<WeightStream> at, int64_t step, bool, Values& sums) {
    Value x = b_.At(rows, line, 4);
    Values pairs;
    for (const WeightStream& stream : at) {
      pairs.push_back(b_.Load(b_.BF16Pairs(), b_.At(stream.weights, step * 64), 64));
      if (stream.ahead) b_.Prefetch(b_.At(stream.ahead, step * 64));
    }
    for (int64_t row = 0; row < tile.rows; ++row) {
      Value pair = b_.Load(b_.i32(), b_.At(x, row * RowBytes() + step * 4), 4);
      Value value = b_.Recast(b_.BF16Pairs(), b_.Broadcast(pair));
      for (int64_t s = 0; s < width; ++s) {
        Value& sum = sums[row * width + s];
        sum = b_.DotBF16(sum, pairs[s], value);
      }
    }
  };
  return streams.Sum(b_, weights, lines, /*whole_lines=*/lines, /*fmas=*/tile.rows * width,
                     Values(tile.rows * width, b_.Zero()), step);
}

}  // namespace lathe
