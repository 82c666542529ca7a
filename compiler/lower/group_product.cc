#include "compiler/lower/group_product.h"

#include <bit>

#include "runtime/base/check.h"

namespace lathe {

using namespace mlir;  // NOLINT(google-build-using-namespace): op names would fill every line

namespace {

constexpr int64_t kGroupEntryBytes = 8;  // scale f32, start i32
// k whose dot products are written out one after the other; a longer group is a loop.
constexpr int64_t kUnrolledK = 32;

// Numbers stand for zero where all of a group is smaller than this: 127 / magnitude is finite
// above.
constexpr float kLeastMagnitude = 0x1p-120f;

GroupQuant QuantOfIntegers(WeightFormat format) {
  std::optional<GroupQuant> quant = QuantOf(format);
  LATHE_CHECK(quant.has_value()) << LayoutName(format) << " has no groups";
  return *quant;
}

}  // namespace

int64_t PreparedGroupRowBytes(const GroupQuant& quant, int64_t inner, int64_t activation_bytes) {
  const int64_t groups = quant.Groups(inner);
  return WholeLines(groups * quant.group * activation_bytes + groups * kGroupEntryBytes);
}

GroupProduct::GroupProduct(KernelBuilder& b, WeightFormat format, int64_t inner,
                           int64_t prefetch_lines)
    : b_(b),
      quant_(QuantOfIntegers(format)),
      layout_(quant_, inner),
      inner_(inner),
      prefetch_lines_(prefetch_lines),
      dot_(MakeByteDot(b)) {}

int64_t GroupProduct::NumbersBytes() const {
  return Groups() * quant_.group * dot_->ActivationBytes();
}

int64_t GroupProduct::RowBytes() const {
  return PreparedGroupRowBytes(quant_, inner_, dot_->ActivationBytes());
}

Value GroupProduct::ScaleOf(Value row, Value group) const {
  return b_.At(b_.At(row, NumbersBytes()), group, kGroupEntryBytes);
}

void GroupProduct::PrepareRow(Value row, Value prepared) const {
  const int64_t whole = inner_ / quant_.group;
  b_.For(b_.Index(0), b_.Index(whole), 1,
         [&](Value group) { PrepareGroup(row, prepared, group, quant_.group); });
  if (whole < Groups()) PrepareGroup(row, prepared, b_.Index(whole), inner_ % quant_.group);
}

// Rounds the first `count` elements of a group to nearest even multiples of magnitude / 127; those
// behind are zero. The magnitude is that of the bits, so that one NaN makes the scale NaN.
void GroupProduct::PrepareGroup(Value row, Value prepared, Value group, int64_t count) const {
  Value x = b_.At(row, group, quant_.group * 4);
  Values vectors;
  Value bits = b_.SplatI32(0);
  for (int64_t k = 0; k < count; k += kLanes) {
    Value at = b_.At(x, k * 4);
    vectors.push_back(count - k >= kLanes
                          ? b_.LoadVector(Storage::kF32, at)
                          : b_.LoadVector(Storage::kF32, at, b_.MaskBelow(b_.Index(count - k))));
    Value magnitude =
        b_.And(b_.CastTo(b_.Lanes(b_.i32()), vectors.back()), b_.SplatI32(0x7fffffff));
    bits = b_.MaxUnsigned(bits, magnitude);
  }
  Value magnitude = b_.CastTo(b_.f32(), b_.ReduceMaxUnsigned(bits));
  Value is_tiny = b_.LessF(magnitude, b_.F32(kLeastMagnitude));
  Value inverse = b_.Broadcast(b_.Select(is_tiny, b_.F32(0), b_.DivF(b_.F32(127), magnitude)));
  // Adding 1.5 * 2^23 rounds to an integer, which is then the difference of the bits.
  constexpr float kRound = 12582912.0f;
  Value total = b_.SplatI32(0);
  Value numbers = b_.At(prepared, group, quant_.group * dot_->ActivationBytes());
  for (int64_t k = 0; k < quant_.group; k += kLanes) {
    Value q = b_.SplatI32(0);
    if (k < count) {
      Value rounded = b_.Fma(vectors[k / kLanes], inverse, b_.Splat(kRound));
      q = b_.Sub(b_.CastTo(b_.Lanes(b_.i32()), rounded),
                 b_.SplatI32(std::bit_cast<int32_t>(kRound)));
      total = b_.Add(total, q);
    }
    dot_->StoreActivations(q, b_.At(numbers, k * dot_->ActivationBytes()));
  }
  Value entry = ScaleOf(prepared, group);
  b_.Store(b_.DivF(magnitude, b_.F32(127)), entry, 4);
  const int32_t offset = 1 << (quant_.bits - 1);
  b_.Store(b_.Mul(b_.ReduceAddInt(total), b_.I32(-offset)), b_.At(entry, 4), 4);
}

Values GroupProduct::Accumulate(const MatmulTile& tile, Value rows, ArrayRef<Value> weights) const {
  constexpr int64_t kCouple = GroupLayout::kCouple;
  Values zeros(tile.rows * tile.blocks * tile.sources, b_.Zero());
  Value couples = b_.Index(Groups() / kCouple);
  Values sums = b_.For(b_.Index(0), couples, 1, zeros, [&](Value couple, ValueRange in) {
    Values next(in);
    AddCouple(tile, rows, weights, couple, kCouple, next);
    return next;
  });
  if (Groups() % kCouple != 0) AddCouple(tile, rows, weights, couples, 1, sums);
  return sums;
}

// The groups that share a line of scales.
void GroupProduct::AddCouple(const MatmulTile& tile, Value rows, ArrayRef<Value> weights,
                             Value couple, int64_t groups, Values& sums) const {
  const WeightStreams streams{.blocks = tile.blocks,
                              .block_bytes = layout_.BlockBytes(),
                              .prefetch_lines = prefetch_lines_};
  const int64_t couple_lines = layout_.CoupleBytes() / kLineBytes;
  SmallVector<WeightStream> at = streams.At(b_, weights, b_.Mul(couple, couple_lines));
  SmallVector<WeightStream> scales = Advanced(at, b_.Index(groups), layout_.group_bytes);
  for (int64_t i = 0; i < groups; ++i) {
    Value group = b_.Add(b_.Mul(couple, GroupLayout::kCouple), i);
    Values products = SumGroup(tile, rows, Advanced(at, b_.Index(i), layout_.group_bytes), group);
    AddScaled(tile, rows, Advanced(scales, b_.Index(i), GroupLayout::kScaleBytes), group, products,
              sums);
  }
}

// `streams`, `index` times `bytes` further on.
SmallVector<WeightStream> GroupProduct::Advanced(ArrayRef<WeightStream> streams, Value index,
                                                 int64_t bytes) const {
  SmallVector<WeightStream> advanced;
  for (const WeightStream& stream : streams) {
    advanced.push_back({b_.At(stream.weights, index, bytes),
                        stream.ahead ? b_.At(stream.ahead, index, bytes) : Value()});
  }
  return advanced;
}

// The integer sums of a group whose numbers are where `streams` point.
Values GroupProduct::SumGroup(const MatmulTile& tile, Value rows, ArrayRef<WeightStream> streams,
                              Value group) const {
  const int64_t group_lines = quant_.group / KPerLine();
  const int64_t steps = kUnrolledK / KPerLine();
  Values starts;
  for (int64_t row = 0; row < tile.rows; ++row) {
    Value entry = ScaleOf(b_.At(rows, row * RowBytes()), group);
    Value start = b_.Broadcast(b_.Load(b_.i32(), b_.At(entry, 4), 4));
    starts.append(tile.blocks * tile.sources, start);
  }
  Value activations = b_.At(rows, group, quant_.group * dot_->ActivationBytes());
  if (steps == group_lines) {
    for (int64_t i = 0; i < steps; ++i) AddLine(tile, activations, streams, i, starts);
    return starts;
  }
  return b_.For(b_.Index(0), b_.Index(group_lines), steps, starts, [&](Value line, ValueRange in) {
    Values sums(in);
    SmallVector<WeightStream> at = Advanced(streams, line, kLineBytes);
    Value numbers = b_.At(activations, line, KPerLine() * dot_->ActivationBytes());
    for (int64_t i = 0; i < steps; ++i) AddLine(tile, numbers, at, i, sums);
    return sums;
  });
}

// Line `line` behind where `streams` and `activations` point.
void GroupProduct::AddLine(const MatmulTile& tile, Value activations,
                           ArrayRef<WeightStream> streams, int64_t line, Values& sums) const {
  SmallVector<SmallVector<ByteDot::Factor>> loaded;
  for (const WeightStream& stream : streams) {
    loaded.push_back(dot_->LoadWeights(b_.At(stream.weights, line * kLineBytes), quant_.bits));
    if (stream.ahead) b_.Prefetch(b_.At(stream.ahead, line * kLineBytes));
  }
  const int64_t width = tile.blocks * tile.sources;
  for (int64_t part = 0; part < KPerLine() / 4; ++part) {
    const int64_t k = line * KPerLine() + part * 4;
    for (int64_t row = 0; row < tile.rows; ++row) {
      ByteDot::Factor x =
          dot_->LoadActivations(b_.At(activations, row * RowBytes() + k * dot_->ActivationBytes()));
      for (int64_t s = 0; s < width; ++s) {
        Value& sum = sums[row * width + s];
        sum = dot_->Add(sum, loaded[s][part], x);
      }
    }
  }
}

// `streams` point at the group's scales.
void GroupProduct::AddScaled(const MatmulTile& tile, Value rows, ArrayRef<WeightStream> streams,
                             Value group, ArrayRef<Value> products, Values& sums) const {
  Values scales;
  for (const WeightStream& stream : streams) {
    scales.push_back(
        b_.FromF16(b_.Load(b_.Lanes(b_.f16()), stream.weights, GroupLayout::kScaleBytes)));
    if (stream.ahead) b_.Prefetch(stream.ahead);
  }
  for (int64_t row = 0; row < tile.rows; ++row) {
    Value x_scale =
        b_.Broadcast(b_.LoadScalar(Storage::kF32, ScaleOf(b_.At(rows, row * RowBytes()), group)));
    for (size_t s = 0; s < scales.size(); ++s) {
      const size_t i = row * scales.size() + s;
      sums[i] = b_.Fma(b_.IntToF32(products[i]), b_.MulF(scales[s], x_scale), sums[i]);
    }
  }
}

}  // namespace lathe
