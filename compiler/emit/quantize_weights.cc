#include "compiler/emit/quantize_weights.h"

#include <array>
#include <cmath>
#include <cstring>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "compiler/emit/pack_blocks.h"
#include "runtime/base/check.h"
#include "runtime/base/float_types.h"
#include "runtime/base/status_macros.h"

namespace lathe {
namespace {

// The numbers of one row as bytes of the format: 4 or 8 k in each word of 4 bytes.
void StoreNumbers(const GroupQuant& quant, absl::Span<const int8_t> numbers, char* out) {
  if (quant.bits == 8) {
    for (size_t k = 0; k < numbers.size(); ++k) out[k] = static_cast<char>(numbers[k] + 128);
    return;
  }
  for (size_t word = 0; word < numbers.size(); word += 8) {
    for (size_t j = 0; j < 4; ++j) {
      const int low = numbers[word + j] + 8, high = numbers[word + 4 + j] + 8;
      out[word / 2 + j] = static_cast<char>(low | high << 4);
    }
  }
}

// `group`: the numbers of one group of a block; k counts within it.
int NumberAt(const GroupQuant& quant, const char* group, int64_t lane, int64_t k) {
  if (quant.bits == 8)
    return static_cast<uint8_t>(group[(k / 4 * kBlockColumns + lane) * 4 + k % 4]) - 128;
  const auto byte = static_cast<uint8_t>(group[(k / 8 * kBlockColumns + lane) * 4 + k % 4]);
  return (k % 8 < 4 ? byte & 15 : byte >> 4) - 8;
}

// Packs blocks one after the other; one packer a thread.
class BlockPacker {
 public:
  BlockPacker(const TensorView& weight, WeightFormat format)
      : weight_(weight),
        quant_(*QuantOf(format)),
        inner_(weight.shape[1]),
        layout_(quant_, inner_),
        groups_(layout_.groups),
        row_(static_cast<size_t>(inner_)),
        // Behind `inner` the numbers stay 0.
        numbers_(static_cast<size_t>(groups_ * quant_.group), 0),
        scales_(static_cast<size_t>(groups_)),
        stored_(static_cast<size_t>(kBlockColumns * RowBytes())) {}

  QuantError Pack(int64_t block, char* out) {
    const int64_t first = block * kBlockColumns;
    const int64_t num_rows = std::min(kBlockColumns, weight_.shape[0] - first);
    std::memset(out, 0, static_cast<size_t>(layout_.BlockBytes()));
    std::array<const char*, kBlockColumns> rows;
    QuantError error;
    for (int64_t lane = 0; lane < kBlockColumns; ++lane) {
      char* stored = stored_.data() + lane * RowBytes();
      rows[static_cast<size_t>(lane)] = stored;
      if (lane < num_rows) {
        error += Quantize(first + lane);
        for (int64_t group = 0; group < groups_; ++group) {
          std::memcpy(out + layout_.ScalesOffset(group) + lane * 2, &scales_[group], 2);
        }
      } else {
        std::fill(numbers_.begin(), numbers_.end(), 0);
      }
      StoreNumbers(quant_, numbers_, stored);
    }
    const int64_t group_bytes = layout_.group_bytes / kBlockColumns;
    for (int64_t group = 0; group < groups_; ++group) {
      Interleave(rows, group_bytes / 4, out + layout_.NumbersOffset(group));
      for (const char*& row : rows) row += group_bytes;
    }
    return error;
  }

 private:
  int64_t RowBytes() const { return groups_ * quant_.group * quant_.bits / 8; }

  QuantError Quantize(int64_t row) {
    const auto row_bytes = static_cast<size_t>(inner_) * ByteSize(weight_.dtype);
    ConvertToF32(weight_.dtype, weight_.bytes.data() + static_cast<size_t>(row) * row_bytes,
                 absl::MakeSpan(row_));
    return QuantizeRow(quant_, row_, absl::MakeSpan(numbers_.data(), row_.size()),
                       absl::MakeSpan(scales_));
  }

  const TensorView& weight_;
  GroupQuant quant_;
  int64_t inner_;
  GroupLayout layout_;
  int64_t groups_;
  std::vector<float> row_;
  std::vector<int8_t> numbers_;
  std::vector<uint16_t> scales_;
  std::vector<char> stored_;  // 16 rows of numbers as the format holds them
};

}  // namespace

absl::StatusOr<QuantError> QuantizeWeight(const TensorView& weight, WeightFormat format,
                                          int threads, absl::Span<char> out) {
  LATHE_CHECK(QuantOf(format).has_value()) << LayoutName(format) << " is packed by PackWeight";
  LATHE_RETURN_IF_ERROR(CheckPackable(weight, format, out.size()));
  const int64_t blocks = NumBlocks(weight.shape[0]);
  const int64_t block_bytes = PackedBlockBytes(format, weight.shape[1]);
  std::vector<QuantError> errors(static_cast<size_t>(blocks));
  SplitOverThreads(blocks, threads, [&](int64_t begin, int64_t end) {
    BlockPacker packer(weight, format);
    for (int64_t block = begin; block < end; ++block)
      errors[static_cast<size_t>(block)] = packer.Pack(block, out.data() + block * block_bytes);
  });
  // In the order of the blocks, whoever packed them.
  QuantError error;
  for (const QuantError& part : errors) error += part;
  if (std::isfinite(error.Relative())) return error;
  return absl::InvalidArgumentError(
      absl::StrCat("holds NaN, infinity or numbers whose squares are beyond f32, which ",
                   Describe(*QuantOf(format)),
                   " cannot store; lathe check FOLDER says which elements are not finite"));
}

void UnpackQuantizedWeight(absl::Span<const char> packed, WeightFormat format, int64_t columns,
                           int64_t inner, absl::Span<float> out) {
  LATHE_CHECK(static_cast<int64_t>(packed.size()) == PackedWeightBytes(format, columns, inner) &&
              static_cast<int64_t>(out.size()) == columns * inner)
      << packed.size() << " packed bytes, " << out.size() << " elements";
  const GroupQuant quant = *QuantOf(format);
  const GroupLayout layout(quant, inner);
  for (int64_t n = 0; n < columns; ++n) {
    const int64_t lane = n % kBlockColumns;
    const char* block = packed.data() + n / kBlockColumns * layout.BlockBytes();
    for (int64_t k = 0; k < inner; ++k) {
      const int64_t group = k / quant.group;
      const char* numbers = block + layout.NumbersOffset(group);
      uint16_t scale;
      std::memcpy(&scale, block + layout.ScalesOffset(group) + lane * 2, 2);
      out[static_cast<size_t>(n * inner + k)] =
          F16ToF32(scale) * static_cast<float>(NumberAt(quant, numbers, lane, k % quant.group));
    }
  }
}

}  // namespace lathe
