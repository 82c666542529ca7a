#include "runtime/base/dtype.h"

#include "gtest/gtest.h"

namespace lathe {
namespace {

TEST(DTypeTest, NamesRoundTripAndHaveTheirSizes) {
  for (int i = 0; i <= static_cast<int>(DType::kF64); ++i) {
    DType dtype = static_cast<DType>(i);
    EXPECT_EQ(ParseDType(DTypeName(dtype)), dtype);
  }
  EXPECT_EQ(ByteSize(DType::kBF16), 2u);
  EXPECT_EQ(ByteSize(DType::kF8E4M3), 1u);
  EXPECT_EQ(ByteSize(DType::kF64), 8u);
  EXPECT_TRUE(IsFloat(DType::kF8E8M0));
  EXPECT_FALSE(IsFloat(DType::kBool));
}

TEST(DTypeTest, UnknownNamesHaveNone) {
  EXPECT_EQ(ParseDType("f32"), std::nullopt);
  EXPECT_EQ(ParseDType(""), std::nullopt);
}

}  // namespace
}  // namespace lathe
