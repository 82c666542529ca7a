#include "compiler/lower/weight_format.h"

#include "gtest/gtest.h"
#include "ops/core/extent.h"
#include "ops/dialect.h"
#include "test/support/status_matchers.h"

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

TEST(WeightFormat, CouplesOfGroupsHaveTheirScalesBehindThem) {
  const WeightFormat q4 = WeightFormat::kInt4Group32, q8 = WeightFormat::kInt8Group128;
  // Three groups of 4 lines: two, their scales, one, its scales.
  const GroupLayout layout(*QuantOf(q4), 96);
  EXPECT_EQ(layout.NumbersOffset(0), 0);
  EXPECT_EQ(layout.NumbersOffset(1), 4 * 64);
  EXPECT_EQ(layout.ScalesOffset(0), 8 * 64);
  EXPECT_EQ(layout.ScalesOffset(1), 8 * 64 + 32);
  EXPECT_EQ(layout.NumbersOffset(2), 9 * 64);
  EXPECT_EQ(layout.ScalesOffset(2), 13 * 64);
  EXPECT_EQ(PackedBlockBytes(q4, 96), 14 * 64);
  EXPECT_EQ(PackedBlockBytes(q4, 64), 8 * 64 + 64);
  // Whole groups: 33 values of k take as much as 64.
  EXPECT_EQ(PackedBlockBytes(q4, 33), PackedBlockBytes(q4, 64));
  // The scales of one group are half a line.
  EXPECT_EQ(PackedBlockBytes(q8, 1), 32 * 64 + 64);
  EXPECT_EQ(PackedWeightBytes(q8, 17, 128), 2 * (32 * 64 + 64));
}

TEST(WeightFormat, NamesAndTypesFindTheirFormat) {
  mlir::MLIRContext context;
  LoadDialects(context);
  for (WeightFormat format : kAllWeightFormats) {
    EXPECT_EQ(WeightFormatNamed(LayoutName(format)), format);
    auto type = mlir::RankedTensorType::get(
        {32, 64},
        ElementType(&context, format == WeightFormat::kBF16Pairs ? DType::kBF16 : DType::kF32));
    if (QuantOf(format)) type = WithGroupQuant(type, *QuantOf(format));
    EXPECT_EQ(WeightFormatOf(type).value(), format);
  }
  EXPECT_EQ(WeightFormatNamed("rows"), std::nullopt);
  EXPECT_EQ(LayoutName(WeightFormat::kInt4Group32), "q4g32n16");
  EXPECT_THAT(
      WeightFormatOf(mlir::RankedTensorType::get({4, 4}, ElementType(&context, DType::kF16))),
      testing::StatusIs(absl::StatusCode::kFailedPrecondition,
                        ::testing::HasSubstr("no packed layout for weights of type f16")));
}

}  // namespace
}  // namespace lathe
