// How the numbers of a matrix are stored for matrix products, and in which order: what packing
// writes and kernels read.
//   Weight.layout of the artifact holds LayoutName(format), Weight.size PackedWeightBytes(...).
#pragma once

#include <cstdint>

#include "absl/strings/string_view.h"

namespace lathe {

// Columns of a block of packed weights: a block holds all of K for these columns, blocks follow
// each other.
inline constexpr int64_t kBlockColumns = 16;

enum class WeightFormat {
  kBF16Pairs,  // "k2n16": [N/16][K/2][16][2] bf16
  kF32,        // "k1n16": [N/16][K][16] f32
};

// As Weight.layout in runtime/artifact/artifact.proto spells it.
absl::string_view LayoutName(WeightFormat format);

// Bytes of a packed weight of [columns, inner]; columns are padded to whole blocks.
int64_t PackedWeightBytes(WeightFormat format, int64_t columns, int64_t inner);

}  // namespace lathe
