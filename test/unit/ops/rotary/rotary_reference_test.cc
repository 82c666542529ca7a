#include "ops/rotary/rotary_reference.h"

#include <cmath>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "test/support/graph/graph.h"

namespace lathe {
namespace {

using ::testing::ElementsAre;
using ::testing::FloatEq;

TEST(RopeTableReferenceTest, ByHand) {
  HostTensor positions = HostTensor::Ints({2}, {0, 3});
  HostTensor inv_freq = HostTensor::Floats({2}, {1.0f, 0.5f});
  auto [cos, sin] = RopeTableReference(positions, inv_freq, 2.0);
  EXPECT_THAT(cos.shape(), ElementsAre(2, 2));
  EXPECT_THAT(cos.floats(), ElementsAre(2.0f, 2.0f, FloatEq(-1.979985f), FloatEq(0.1414744f)));
  EXPECT_THAT(sin.floats(), ElementsAre(0.0f, 0.0f, FloatEq(0.28224001f), FloatEq(1.99499f)));
}

TEST(RopeTableReferenceTest, TheAngleIsAnF32Product) {
  // 999983 * 0.1 is not exact in f32: the functions are those of the rounded angle.
  auto [cos, sin] =
      RopeTableReference(HostTensor::Ints({1}, {999983}), HostTensor::Floats({1}, {0.1f}), 1.0);
  float angle = 999983.0f * 0.1f;
  EXPECT_EQ(cos.floats()[0], static_cast<float>(std::cos(double{angle})));
  EXPECT_EQ(sin.floats()[0], static_cast<float>(std::sin(double{angle})));
  EXPECT_NE(cos.floats()[0], static_cast<float>(std::cos(999983.0 * 0.1)));
}

TEST(RopeReferenceTest, HalfSplitPairs) {
  // A quarter turn: y[i] = -x[i + 2], y[i + 2] = x[i].
  HostTensor x = HostTensor::Floats({1, 1, 4}, {1, 2, 3, 4});
  HostTensor cos = HostTensor::Floats({1, 2}, {0, 0});
  HostTensor sin = HostTensor::Floats({1, 2}, {1, 1});
  EXPECT_THAT(RopeReference(x, cos, sin).floats(), ElementsAre(-3, -4, 1, 2));
}

TEST(RopeReferenceTest, WhatIsNotRotatedPasses) {
  HostTensor x = HostTensor::Floats({1, 2, 4}, {1, 2, 3, 4, 5, 6, 7, 8});
  HostTensor cos = HostTensor::Floats({1, 1}, {0});
  HostTensor sin = HostTensor::Floats({1, 1}, {1});
  EXPECT_THAT(RopeReference(x, cos, sin).floats(), ElementsAre(-2, 1, 3, 4, -6, 5, 7, 8));
}

TEST(RopeReferenceTest, ScoresDependOnDistanceAlone) {
  HostTensor inv_freq = HostTensor::Floats({4}, {1.0f, 0.3f, 0.1f, 0.01f});
  HostTensor query = testing::RandomFloats({1, 1, 8}, 1);
  HostTensor key = testing::RandomFloats({1, 1, 8}, 2);
  auto score = [&](int32_t query_position, int32_t key_position) {
    auto [qc, qs] = RopeTableReference(HostTensor::Ints({1}, {query_position}), inv_freq, 1.0);
    auto [kc, ks] = RopeTableReference(HostTensor::Ints({1}, {key_position}), inv_freq, 1.0);
    HostTensor q = RopeReference(query, qc, qs);
    HostTensor k = RopeReference(key, kc, ks);
    double sum = 0;
    for (int i = 0; i < 8; ++i) sum += q.floats()[i] * k.floats()[i];
    return sum;
  };
  EXPECT_NEAR(score(7, 2), score(105, 100), 1e-5);
}

}  // namespace
}  // namespace lathe
