#include "compiler/lower/weight_format.h"

#include "gtest/gtest.h"

namespace lathe {
namespace {

TEST(WeightFormat, NamesLayouts) {
  EXPECT_EQ(LayoutName(WeightFormat::kBF16Pairs), "k2n16");
  EXPECT_EQ(LayoutName(WeightFormat::kF32), "k1n16");
}

TEST(WeightFormat, CountsWholeBlocksAndWholePairs) {
  EXPECT_EQ(PackedWeightBytes(WeightFormat::kBF16Pairs, 32, 8), 32 * 8 * 2);
  EXPECT_EQ(PackedWeightBytes(WeightFormat::kF32, 32, 8), 32 * 8 * 4);
  // 17 columns take two blocks, 3 values of k two pairs.
  EXPECT_EQ(PackedWeightBytes(WeightFormat::kBF16Pairs, 17, 3), 2 * 2 * 64);
  EXPECT_EQ(PackedWeightBytes(WeightFormat::kF32, 17, 3), 2 * 3 * 64);
}

}  // namespace
}  // namespace lathe
