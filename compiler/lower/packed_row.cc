#include "compiler/lower/packed_row.h"

#include "mlir/Dialect/Vector/IR/VectorOps.h"

namespace lathe {

using namespace mlir;  // NOLINT(google-build-using-namespace): op names would fill every line

namespace {

Value FromElements(KernelBuilder& b, Type element, const Values& values) {
  return vector::FromElementsOp::create(
      b.mlir(), b.loc(), b.Lanes(element, static_cast<int64_t>(values.size())), values);
}

// A row is one word of 4 bytes in each cache line of its block: a pair of bf16, or one f32. Lines
// behind the last repeat it.
Value LoadFloats(KernelBuilder& b, WeightFormat format, int64_t inner, Value lane, Value element) {
  const bool is_bf16 = format == WeightFormat::kBF16Pairs;
  const int64_t lines = PackedBlockBytes(format, inner) / kLineBytes;
  Value first = is_bf16 ? b.Div(element, 2) : element;
  Type word = is_bf16 ? b.i32() : b.f32();
  Values words;
  for (int64_t i = 0; i < (is_bf16 ? kLanes / 2 : kLanes); ++i) {
    Value line = b.Min(b.Add(first, i), b.Index(lines - 1));
    words.push_back(b.Load(word, b.At(lane, line, kLineBytes), 4));
  }
  Value loaded = FromElements(b, word, words);
  if (!is_bf16) return loaded;
  return b.Widen(vector::BitCastOp::create(b.mlir(), b.loc(), b.Lanes(b.i16()), loaded));
}

// The low and the high halves of the bytes of a word, each in a byte: 2 x 4 numbers in order.
void AppendHalves(KernelBuilder& b, Value word, Values& out) {
  Value mask = b.I32(0x0f0f0f0f);
  Value high = arith::ShRUIOp::create(b.mlir(), b.loc(), word, b.I32(4));
  out.push_back(arith::AndIOp::create(b.mlir(), b.loc(), word, mask));
  out.push_back(arith::AndIOp::create(b.mlir(), b.loc(), high, mask));
}

// Whole groups are stored, so that 16 elements from a multiple of 16 on are always there. `element`
// counts within the group whose lane is `lane`.
Value LoadNumbers(KernelBuilder& b, const GroupQuant& quant, Value lane, Value element) {
  const int64_t per_word = 32 / quant.bits;
  Value first = b.Div(element, per_word);
  Values words;
  for (int64_t i = 0; i < kLanes / per_word; ++i) {
    Value word = b.Load(b.i32(), b.At(lane, b.Add(first, i), kLineBytes), 4);
    if (quant.bits == 8) {
      words.push_back(word);
    } else {
      AppendHalves(b, word, words);
    }
  }
  Type byte = b.mlir().getIntegerType(8);
  Value bytes =
      vector::BitCastOp::create(b.mlir(), b.loc(), b.Lanes(byte), FromElements(b, b.i32(), words));
  // Stored numbers are not negative: the exact difference of small floats gives them their sign.
  Value stored = arith::UIToFPOp::create(b.mlir(), b.loc(), b.Lanes(b.f32()), bytes);
  return b.SubF(stored, b.Splat(quant.bits == 8 ? 128.0f : 8.0f));
}

// Numbers times their scale, of a block of small integers.
Value LoadQuantized(KernelBuilder& b, const GroupQuant& quant, int64_t inner, Value block,
                    Value column, Value element) {
  const GroupLayout layout(quant, inner);
  Value group = b.Div(element, quant.group);
  Value in_couple = b.Rem(group, GroupLayout::kCouple);
  Value couple = b.At(block, b.Div(group, GroupLayout::kCouple), layout.CoupleBytes());
  Value numbers = b.At(couple, in_couple, layout.group_bytes);
  // The last group may stand alone.
  Value groups =
      b.Min(b.Index(GroupLayout::kCouple), b.Sub(b.Index(layout.groups), b.Sub(group, in_couple)));
  Value scales =
      b.At(b.At(couple, groups, layout.group_bytes), in_couple, GroupLayout::kScaleBytes);
  Value half = b.Load(b.f16(), b.At(scales, column, 2), 2);
  Value scale = b.Broadcast(arith::ExtFOp::create(b.mlir(), b.loc(), b.f32(), half));
  return b.MulF(LoadNumbers(b, quant, b.At(numbers, column, 4), b.Rem(element, quant.group)),
                scale);
}

}  // namespace

Value LoadPackedRow(KernelBuilder& b, WeightFormat format, int64_t inner, Value table, Value row,
                    Value element) {
  Value block = b.At(table, b.Div(row, kBlockColumns), PackedBlockBytes(format, inner));
  Value column = b.Rem(row, kBlockColumns);
  if (std::optional<GroupQuant> quant = QuantOf(format))
    return LoadQuantized(b, *quant, inner, block, column, element);
  return LoadFloats(b, format, inner, b.At(block, column, 4), element);
}

}  // namespace lathe
