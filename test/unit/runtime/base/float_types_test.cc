#include "runtime/base/float_types.h"

#include <cmath>
#include <limits>
#include <vector>

#include "gtest/gtest.h"

namespace lathe {
namespace {

TEST(FloatTypesTest, BF16RoundsToNearestEven) {
  EXPECT_EQ(F32ToBF16(1.0f), 0x3f80);
  EXPECT_EQ(F32ToBF16(std::bit_cast<float>(0x3f808000u)), 0x3f80);  // tie, even below
  EXPECT_EQ(F32ToBF16(std::bit_cast<float>(0x3f818000u)), 0x3f82);  // tie, even above
  EXPECT_EQ(F32ToBF16(std::bit_cast<float>(0x3f808001u)), 0x3f81);
  EXPECT_EQ(F32ToBF16(std::numeric_limits<float>::max()), 0x7f80);
  EXPECT_TRUE(std::isnan(BF16ToF32(F32ToBF16(std::numeric_limits<float>::quiet_NaN()))));
  EXPECT_TRUE(std::isnan(BF16ToF32(F32ToBF16(std::bit_cast<float>(0x7f800001u)))));
}

TEST(FloatTypesTest, EveryBF16AndF16ValueSurvivesARoundTrip) {
  for (uint32_t bits = 0; bits < 65536; ++bits) {
    uint16_t half = static_cast<uint16_t>(bits);
    float wide = BF16ToF32(half);
    if (!std::isnan(wide)) EXPECT_EQ(F32ToBF16(wide), half);
    wide = F16ToF32(half);
    if (!std::isnan(wide)) EXPECT_EQ(F32ToF16(wide), half);
  }
}

TEST(FloatTypesTest, F16KnownValues) {
  EXPECT_EQ(F16ToF32(0x3c00), 1.0f);
  EXPECT_EQ(F16ToF32(0x7bff), 65504.0f);
  EXPECT_EQ(F16ToF32(0x0001), std::ldexp(1.0f, -24));
  EXPECT_EQ(F32ToF16(65520.0f), 0x7c00);
  EXPECT_EQ(F32ToF16(65519.0f), 0x7bff);
  EXPECT_EQ(F32ToF16(-0.0f), 0x8000);
}

TEST(FloatTypesTest, F8KnownValues) {
  EXPECT_EQ(F8E4M3ToF32(0x7e), 448.0f);
  EXPECT_EQ(F8E4M3ToF32(0x38), 1.0f);
  EXPECT_EQ(F8E4M3ToF32(0x01), std::ldexp(1.0f, -9));
  EXPECT_TRUE(std::isnan(F8E4M3ToF32(0xff)));
  EXPECT_EQ(F8E5M2ToF32(0x3c), 1.0f);
  EXPECT_TRUE(std::isinf(F8E5M2ToF32(0x7c)));
  EXPECT_EQ(F8E8M0ToF32(127), 1.0f);
  EXPECT_TRUE(std::isnan(F8E8M0ToF32(255)));
}

TEST(FloatTypesTest, LoadsUnalignedElementsOfEveryType) {
  std::vector<uint8_t> bytes = {0xaa, 0x00, 0x00, 0x80, 0x3f, 0x00, 0x00, 0x00, 0x40};
  EXPECT_EQ(LoadAsF32(DType::kF32, bytes.data() + 1, 1), 2.0f);
  EXPECT_EQ(LoadAsF32(DType::kI8, bytes.data(), 0), -86.0f);
  EXPECT_EQ(LoadAsF32(DType::kU8, bytes.data(), 0), 170.0f);
  std::vector<float> out(2);
  ConvertToF32(DType::kF32, bytes.data() + 1, absl::MakeSpan(out));
  EXPECT_EQ(out, (std::vector<float>{1.0f, 2.0f}));
}

}  // namespace
}  // namespace lathe
