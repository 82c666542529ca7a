#include "ops/norm/norm_reference.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace lathe {
namespace {

using ::testing::ElementsAre;
using ::testing::FloatEq;

TEST(RmsNormReferenceTest, ByHand) {
  // mean(x^2) = 12.5 and 4.
  HostTensor x = HostTensor::Floats({2, 2}, {3, 4, -2, 2});
  HostTensor weight = HostTensor::Floats({2}, {1, 2});
  EXPECT_THAT(RmsNormReference(x, weight, 0.0, 0.0).floats(),
              ElementsAre(FloatEq(0.84852814f), FloatEq(2.2627417f), FloatEq(-1), FloatEq(2)));
}

TEST(RmsNormReferenceTest, OffsetIsAddedToTheWeight) {
  HostTensor x = HostTensor::Floats({1, 2}, {-2, 2});
  HostTensor weight = HostTensor::Floats({2}, {0, 0.5});
  EXPECT_THAT(RmsNormReference(x, weight, 0.0, 1.0).floats(), ElementsAre(-1.0f, 1.5f));
}

TEST(RmsNormReferenceTest, EpsKeepsZerosFinite) {
  HostTensor weight = HostTensor::Floats({2}, {1, 1});
  EXPECT_THAT(RmsNormReference(HostTensor(DType::kF32, {1, 2}), weight, 1e-6, 0.0).floats(),
              ElementsAre(0, 0));
  // mean(x^2) = 3, eps = 1.
  EXPECT_THAT(RmsNormReference(HostTensor::Floats({1, 1}, {1.7320508f}),
                               HostTensor::Floats({1}, {2}), 1.0, 0.0)
                  .floats(),
              ElementsAre(FloatEq(1.7320508f)));
}

TEST(RmsNormReferenceTest, LargeValuesDoNotOverflowTheSum) {
  HostTensor x = HostTensor::Floats({1, 2}, {1e30f, 1e30f});
  EXPECT_THAT(RmsNormReference(x, HostTensor::Floats({2}, {1, 1}), 1e-6, 0.0).floats(),
              ElementsAre(FloatEq(1), FloatEq(1)));
}

TEST(LayerNormReferenceTest, ByHand) {
  // mean 2, variance 1.
  HostTensor x = HostTensor::Floats({1, 2}, {1, 3});
  HostTensor weight = HostTensor::Floats({2}, {2, 3});
  HostTensor bias = HostTensor::Floats({2}, {10, 20});
  EXPECT_THAT(LayerNormReference(x, weight, nullptr, 0.0).floats(), ElementsAre(-2, 3));
  EXPECT_THAT(LayerNormReference(x, weight, &bias, 0.0).floats(), ElementsAre(8, 23));
  EXPECT_THAT(LayerNormReference(x, weight, nullptr, 3.0).floats(), ElementsAre(-1, 1.5));
}

}  // namespace
}  // namespace lathe
