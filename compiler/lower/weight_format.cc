#include "compiler/lower/weight_format.h"

namespace lathe {

absl::string_view LayoutName(WeightFormat format) {
  return format == WeightFormat::kF32 ? "k1n16" : "k2n16";
}

int64_t PackedWeightBytes(WeightFormat format, int64_t columns, int64_t inner) {
  const int64_t blocks = (columns + kBlockColumns - 1) / kBlockColumns;
  const int64_t lines = format == WeightFormat::kF32 ? inner : (inner + 1) / 2;
  return blocks * lines * kBlockColumns * 4;
}

}  // namespace lathe
