#include "ops/elementwise/elementwise_reference.h"

#include <cmath>
#include <limits>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace lathe {
namespace {

using ::testing::ElementsAre;
using ::testing::FloatEq;

constexpr float kInfinity = std::numeric_limits<float>::infinity();
const float kNan = std::numeric_limits<float>::quiet_NaN();

HostTensor Row(std::vector<float> values) {
  auto size = static_cast<int64_t>(values.size());
  return HostTensor::Floats({size}, std::move(values));
}

TEST(UnaryReferenceTest, ByHand) {
  EXPECT_THAT(UnaryReference(UnaryKind::kNeg, Row({1, -2})).floats(), ElementsAre(-1, 2));
  EXPECT_THAT(UnaryReference(UnaryKind::kExp, Row({0, 1, -kInfinity})).floats(),
              ElementsAre(1, FloatEq(2.7182818f), 0));
  EXPECT_THAT(UnaryReference(UnaryKind::kRsqrt, Row({4, 0.25})).floats(), ElementsAre(0.5, 2));
  EXPECT_THAT(UnaryReference(UnaryKind::kCos, Row({0, 1e6})).floats(),
              ElementsAre(1, FloatEq(0.93675214f)));
  EXPECT_THAT(UnaryReference(UnaryKind::kSin, Row({0, 1e6})).floats(),
              ElementsAre(0, FloatEq(-0.34999350f)));
  EXPECT_THAT(UnaryReference(UnaryKind::kSigmoid, Row({0, 100, -200})).floats(),
              ElementsAre(0.5, 1, 0));
  EXPECT_THAT(UnaryReference(UnaryKind::kSilu, Row({0, 1, 100, -200})).floats(),
              ElementsAre(0, FloatEq(0.73105858f), 100, FloatEq(0)));
  EXPECT_THAT(UnaryReference(UnaryKind::kSoftplus, Row({0, 25, -200})).floats(),
              ElementsAre(FloatEq(0.69314718f), 25, FloatEq(0)));
}

TEST(UnaryReferenceTest, ResultsAreRoundedToTheDType) {
  HostTensor y = UnaryReference(UnaryKind::kExp, Row({1}).Cast(DType::kBF16));
  EXPECT_EQ(y.dtype(), DType::kBF16);
  EXPECT_THAT(y.floats(), ElementsAre(2.71875f));
}

TEST(BinaryReferenceTest, ByHand) {
  HostTensor a = Row({6, 1});
  HostTensor b = Row({3, 4});
  EXPECT_THAT(BinaryReference(BinaryKind::kAdd, a, b).floats(), ElementsAre(9, 5));
  EXPECT_THAT(BinaryReference(BinaryKind::kSub, a, b).floats(), ElementsAre(3, -3));
  EXPECT_THAT(BinaryReference(BinaryKind::kMul, a, b).floats(), ElementsAre(18, 4));
  EXPECT_THAT(BinaryReference(BinaryKind::kDiv, a, b).floats(), ElementsAre(2, 0.25));
  EXPECT_DEATH(BinaryReference(BinaryKind::kAdd, a, Row({1})), "F32\\[2\\] and F32\\[1\\]");
}

TEST(ClampReferenceTest, BoundsAndNan) {
  HostTensor y = ClampReference(Row({-5, 0.5, 5, kNan}), -1, 2);
  EXPECT_THAT(y.floats().subspan(0, 3), ElementsAre(-1, 0.5, 2));
  EXPECT_TRUE(std::isnan(y.floats()[3]));
  EXPECT_THAT(ClampReference(Row({-5, 5}), -kInfinity, 2).floats(), ElementsAre(-5, 2));
}

TEST(ScaleReferenceTest, ProductIsRoundedBeforeTheSum) {
  EXPECT_THAT(ScaleReference(Row({2, 3}), 0.5, 10).floats(), ElementsAre(11, 11.5));
  // (1 + 2^-12)^2 = 1 + 2^-11 + 2^-24: the last term is lost in the product.
  EXPECT_THAT(ScaleReference(Row({1.000244140625f}), 1.000244140625, -1).floats(),
              ElementsAre(0.00048828125f));
}

TEST(SwigluReferenceTest, LimitActsAfterSilu) {
  HostTensor gate = Row({0, 1, 100, 100, -200});
  HostTensor up = Row({5, 2, 3, -50, 50});
  EXPECT_THAT(SwigluReference(gate, up, 0).floats(),
              ElementsAre(0, FloatEq(1.4621172f), 300, -5000, FloatEq(0)));
  // silu(100) = 100 becomes 7, up -50 becomes -7; silu(-200) has no lower bound and stays.
  EXPECT_THAT(SwigluReference(gate, up, 7).floats(),
              ElementsAre(0, FloatEq(1.4621172f), 21, -49, FloatEq(0)));
  // silu(7.001) is below 7: had the gate been clamped before, the result would be silu(7).
  EXPECT_THAT(SwigluReference(Row({7.001f}), Row({1}), 7).floats(),
              ElementsAre(FloatEq(6.994628f)));
}

TEST(ReduceReferenceTest, ByHand) {
  HostTensor x = HostTensor::Floats({2, 3}, {1, 2, 6, -1, -2, -6});
  HostTensor sum = ReduceReference(ReduceKind::kSum, x);
  EXPECT_THAT(sum.shape(), ElementsAre(2, 1));
  EXPECT_THAT(sum.floats(), ElementsAre(9, -9));
  EXPECT_THAT(ReduceReference(ReduceKind::kMean, x).floats(), ElementsAre(3, -3));
  EXPECT_THAT(ReduceReference(ReduceKind::kMax, x).floats(), ElementsAre(6, -1));
  EXPECT_TRUE(std::isnan(ReduceReference(ReduceKind::kMax, Row({1, kNan, 2})).floats()[0]));
}

TEST(BroadcastReferenceTest, AlignsAtTheRight) {
  HostTensor column = HostTensor::Floats({2, 1}, {1, 2});
  EXPECT_THAT(BroadcastReference(column, {2, 3}).floats(), ElementsAre(1, 1, 1, 2, 2, 2));
  EXPECT_THAT(BroadcastReference(Row({1, 2}), {2, 2}).floats(), ElementsAre(1, 2, 1, 2));
  EXPECT_THAT(BroadcastReference(column, {2, 2, 2}).floats(), ElementsAre(1, 1, 2, 2, 1, 1, 2, 2));
  EXPECT_THAT(BroadcastReference(HostTensor::Ints({}, {4}), {3}).ints(), ElementsAre(4, 4, 4));
  EXPECT_DEATH(BroadcastReference(Row({1, 2}), {3}), "F32\\[2\\] to F32\\[3\\]");
}

TEST(SliceAndConcatReferenceTest, AreInverse) {
  HostTensor x = HostTensor::Floats({2, 3}, {1, 2, 3, 4, 5, 6});
  HostTensor left = SliceReference(x, 0, 1);
  HostTensor right = SliceReference(x, 1, 3);
  EXPECT_THAT(left.floats(), ElementsAre(1, 4));
  EXPECT_THAT(right.floats(), ElementsAre(2, 3, 5, 6));
  HostTensor joined = ConcatReference({&left, &right});
  EXPECT_EQ(joined.shape(), x.shape());
  EXPECT_EQ(joined.floats(), x.floats());
  HostTensor ints = HostTensor::Ints({1, 2}, {7, 8});
  EXPECT_THAT(ConcatReference({&ints, &ints}).ints(), ElementsAre(7, 8, 7, 8));
}

}  // namespace
}  // namespace lathe
