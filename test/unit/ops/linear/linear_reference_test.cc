#include "ops/linear/linear_reference.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "test/support/graph/graph.h"

namespace lathe {
namespace {

using ::testing::ElementsAre;

TEST(MatmulReferenceTest, ByHand) {
  HostTensor x = HostTensor::Floats({2, 3}, {1, 2, 3, 4, 5, 6});
  HostTensor weight = HostTensor::Floats({2, 3}, {1, 0, -1, 2, 2, 2});
  HostTensor bias = HostTensor::Floats({2}, {10, 20});
  HostTensor y = MatmulReference(x, weight, nullptr, Accumulate::kF32);
  EXPECT_THAT(y.shape(), ElementsAre(2, 2));
  EXPECT_THAT(y.floats(), ElementsAre(-2, 12, -2, 30));
  EXPECT_THAT(MatmulReference(x, weight, &bias, Accumulate::kF64).floats(),
              ElementsAre(8, 32, 8, 50));
}

TEST(MatmulReferenceTest, SumsInF32WithKAscending) {
  // 2^24 + 1 - 2^24: the one is lost in f32, kept in f64.
  HostTensor x = HostTensor::Floats({1, 3}, {16777216.0f, 1.0f, -16777216.0f});
  HostTensor weight = HostTensor::Floats({1, 3}, {1, 1, 1});
  EXPECT_THAT(MatmulReference(x, weight, nullptr, Accumulate::kF32).floats(), ElementsAre(0.0f));
  EXPECT_THAT(MatmulReference(x, weight, nullptr, Accumulate::kF64).floats(), ElementsAre(1.0f));
}

TEST(MatmulReferenceTest, RowsOfAnyRankAndNoRows) {
  HostTensor x = HostTensor::Floats({2, 1, 1}, {3, 4});
  HostTensor weight = HostTensor::Floats({1, 1}, {2});
  HostTensor y = MatmulReference(x, weight, nullptr, Accumulate::kF32);
  EXPECT_THAT(y.shape(), ElementsAre(2, 1, 1));
  EXPECT_THAT(y.floats(), ElementsAre(6, 8));
  EXPECT_EQ(MatmulReference(HostTensor(DType::kF32, {0, 1}), weight, nullptr, Accumulate::kF32)
                .num_elements(),
            0);
}

TEST(MatmulReferenceTest, F32StaysNearF64) {
  HostTensor x = testing::RandomFloats({4, 256}, 1);
  HostTensor weight = testing::RandomFloats({8, 256}, 2, 1.0f, DType::kBF16);
  testing::ExpectClose(MatmulReference(x, weight, nullptr, Accumulate::kF32),
                       MatmulReference(x, weight, nullptr, Accumulate::kF64),
                       testing::Tolerance(DType::kF32, 256));
}

}  // namespace
}  // namespace lathe
