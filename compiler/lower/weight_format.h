// How the numbers of a matrix are stored for matrix products, and in which order: what packing
// writes and kernels read.
//   LATHE_ASSIGN_OR_RETURN(WeightFormat format, WeightFormatOf(type));
//   Weight.layout of the artifact holds LayoutName(format), Weight.size PackedWeightBytes(...).
#pragma once

#include <cstdint>
#include <optional>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "mlir/IR/BuiltinTypes.h"
#include "ops/core/group_quant.h"

namespace lathe {

// Columns of a block of packed weights: a block holds all of K for these columns, blocks follow
// each other.
inline constexpr int64_t kBlockColumns = 16;
inline int64_t NumBlocks(int64_t columns) { return (columns + kBlockColumns - 1) / kBlockColumns; }

// Blocks and prepared rows are whole cache lines.
inline constexpr int64_t kLineBytes = 64;
inline int64_t WholeLines(int64_t bytes) {
  return (bytes + kLineBytes - 1) / kLineBytes * kLineBytes;
}

// Small integers: a block has its groups of G consecutive k in couples, each followed by the cache
// line of their scales, so that one stream brings all that a product reads: with scales in a place
// of their own, a core read little more than half as fast. K' is K rounded up to whole groups; k
// behind K and columns behind N are the number 0, and the scale of the latter is 0.
//   int8: [G/4][16][4] u8 = number + 128. A cache line has 4 consecutive k of each column.
//   int4: [G/8][16][4] u8. A cache line has 8 consecutive k of each column: byte j has k = 8 i + j
//         in its low half, as number + 8, and k = 8 i + 4 + j in its high half.
//   scales: [2][16] f16; zeros take the place of the second where the last group stands alone.
enum class WeightFormat {
  kBF16Pairs,     // "k2n16": [N/16][K/2][16][2] bf16
  kF32,           // "k1n16": [N/16][K][16] f32
  kInt8Group32,   // "q8g32n16"
  kInt8Group128,  // "q8g128n16"
  kInt4Group32,   // "q4g32n16"
  kInt4Group128,  // "q4g128n16"
};

inline constexpr WeightFormat kAllWeightFormats[] = {
    WeightFormat::kBF16Pairs,    WeightFormat::kF32,         WeightFormat::kInt8Group32,
    WeightFormat::kInt8Group128, WeightFormat::kInt4Group32, WeightFormat::kInt4Group128};

// As Weight.layout in runtime/artifact/artifact.proto spells it.
absl::string_view LayoutName(WeightFormat format);
// The format of a layout; none for "rows" and for names that are not known.
std::optional<WeightFormat> WeightFormatNamed(absl::string_view layout);

// Numbers and groups of a format of small integers; none for the others.
std::optional<GroupQuant> QuantOf(WeightFormat format);

// The format in which products read a weight of `type`. FailedPrecondition for an element type
// that no kernel reads.
absl::StatusOr<WeightFormat> WeightFormatOf(mlir::RankedTensorType type);

// Bytes from one block to the next.
int64_t PackedBlockBytes(WeightFormat format, int64_t inner);

// Where small integers lie in a block of `groups` groups.
struct GroupLayout {
  static constexpr int64_t kCouple = 2;  // groups that share a line of scales
  static constexpr int64_t kScaleBytes = kBlockColumns * 2;

  GroupLayout(const GroupQuant& quant, int64_t inner)
      : groups(quant.Groups(inner)), group_bytes(quant.group * quant.bits / 8 * kBlockColumns) {}

  int64_t CoupleBytes() const { return kCouple * group_bytes + kLineBytes; }
  int64_t BlockBytes() const {
    return groups * group_bytes + (groups + kCouple - 1) / kCouple * kLineBytes;
  }
  int64_t NumbersOffset(int64_t group) const {
    return group / kCouple * CoupleBytes() + group % kCouple * group_bytes;
  }
  int64_t ScalesOffset(int64_t group) const {
    const int64_t first = group / kCouple * kCouple;
    return NumbersOffset(first) + (groups - first < kCouple ? 1 : kCouple) * group_bytes +
           group % kCouple * kScaleBytes;
  }

  int64_t groups;
  int64_t group_bytes;  // the numbers of one
};

// Bytes of a packed weight of [columns, inner]; columns are padded to whole blocks.
int64_t PackedWeightBytes(WeightFormat format, int64_t columns, int64_t inner);

}  // namespace lathe
