#include "ops/core/host_tensor.h"

#include "gtest/gtest.h"
#include "test/support/status_matchers.h"

namespace lathe {
namespace {

using ::lathe::testing::StatusIs;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

TEST(HostTensorTest, KnowsItsShape) {
  HostTensor x = HostTensor::Floats({2, 3}, {1, 2, 3, 4, 5, 6});
  EXPECT_EQ(x.num_elements(), 6);
  EXPECT_EQ(x.num_rows(), 2);
  EXPECT_EQ(x.width(), 3);
  EXPECT_EQ(Describe(x), "F32[2, 3]");
  EXPECT_EQ(HostTensor(DType::kI32, {}).num_elements(), 1);
  EXPECT_EQ(HostTensor(DType::kF32, {0, 4}).num_rows(), 0);
}

TEST(HostTensorTest, WidensTheBytesOfAView) {
  const uint16_t bits[] = {0x3f80, 0xc000};  // 1, -2 in bf16
  TensorView view{DType::kBF16, {2}, {reinterpret_cast<const char*>(bits), sizeof(bits)}};
  LATHE_ASSERT_OK_AND_ASSIGN(HostTensor x, HostTensor::FromView(view));
  EXPECT_EQ(x.dtype(), DType::kBF16);
  EXPECT_THAT(x.floats(), ElementsAre(1.0f, -2.0f));

  const int32_t numbers[] = {-1, 16777217};
  view = {DType::kI32, {2}, {reinterpret_cast<const char*>(numbers), sizeof(numbers)}};
  LATHE_ASSERT_OK_AND_ASSIGN(x, HostTensor::FromView(view));
  EXPECT_THAT(x.ints(), ElementsAre(-1, 16777217));
}

TEST(HostTensorTest, RefusesDTypesThatItDoesNotHold) {
  TensorView view{DType::kF8E4M3, {0}, {}};
  EXPECT_THAT(HostTensor::FromView(view),
              StatusIs(absl::StatusCode::kUnimplemented, HasSubstr("F8_E4M3")));
}

TEST(HostTensorTest, CastRoundsToNearestEven) {
  HostTensor x =
      HostTensor::Floats({3}, {1.00390625f, 1.01171875f, 3.0f});  // 1 + 2^-8, 1 + 3 * 2^-8
  EXPECT_THAT(x.Cast(DType::kBF16).floats(), ElementsAre(1.0f, 1.015625f, 3.0f));
  EXPECT_THAT(x.Cast(DType::kF16).floats(), ElementsAre(1.00390625f, 1.01171875f, 3.0f));
  EXPECT_THAT(HostTensor::Ints({2}, {3, 16777217}).Cast(DType::kF32).floats(),
              ElementsAre(3.0f, 16777216.0f));
}

TEST(HostTensorTest, ReshapeKeepsTheElements) {
  HostTensor x = HostTensor::Floats({4}, {1, 2, 3, 4}).Reshaped({2, 2});
  EXPECT_THAT(x.shape(), ElementsAre(2, 2));
  EXPECT_THAT(x.floats(), ElementsAre(1, 2, 3, 4));
  EXPECT_DEATH(x.Reshaped({3}), "reshaped to \\[3\\]");
}

}  // namespace
}  // namespace lathe
