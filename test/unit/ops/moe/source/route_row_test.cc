#include "ops/moe/source/route_row.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <random>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace lathe::moe {
namespace {

using ::testing::ElementsAre;
using ::testing::Pointwise;

constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
constexpr float kInfinity = std::numeric_limits<float>::infinity();

struct Route {
  std::vector<int32_t> experts;
  std::vector<float> weights;
};

Route RouteOf(Routing routing, const std::vector<float>& scores,
              const std::vector<float>& bias = {}) {
  routing.num_experts = static_cast<int32_t>(scores.size());
  std::vector<float> probabilities(scores.size());
  Route route{std::vector<int32_t>(static_cast<size_t>(routing.top_k)),
              std::vector<float>(static_cast<size_t>(routing.top_k))};
  RouteRow(routing, scores.data(), bias.empty() ? nullptr : bias.data(), probabilities.data(),
           route.experts.data(), route.weights.data());
  return route;
}

std::vector<float> Logs(const std::vector<double>& shares) {
  std::vector<float> scores;
  for (double share : shares) scores.push_back(static_cast<float>(std::log(share)));
  return scores;
}

TEST(RouteRowTest, SoftmaxOverAllExpertsThenTheLargest) {
  const std::vector<float> scores = Logs({0.1, 0.4, 0.2, 0.3});
  Route route = RouteOf({.top_k = 2}, scores);
  EXPECT_THAT(route.experts, ElementsAre(1, 3));
  EXPECT_THAT(route.weights, Pointwise(::testing::FloatNear(1e-6f), {0.4f, 0.3f}));
  route = RouteOf({.top_k = 2, .normalize = true}, scores);
  EXPECT_THAT(route.weights, Pointwise(::testing::FloatNear(1e-6f), {4 / 7.0f, 3 / 7.0f}));
  route = RouteOf({.top_k = 4, .scale = 2}, scores);
  EXPECT_THAT(route.experts, ElementsAre(1, 3, 2, 0));
  EXPECT_THAT(route.weights, Pointwise(::testing::FloatNear(1e-6f), {0.8f, 0.6f, 0.4f, 0.2f}));
}

TEST(RouteRowTest, SigmoidWithABiasThatOnlySelects) {
  const Routing routing{.top_k = 2, .score = Score::kSigmoid, .normalize = true, .scale = 3};
  // Probabilities 0.5, 0.731, 0.269, 0.881.
  const std::vector<float> scores = {0, 1, -1, 2};
  Route route = RouteOf(routing, scores, {0, 0, 0, 0});
  EXPECT_THAT(route.experts, ElementsAre(3, 1));
  route = RouteOf(routing, scores, {0.5f, 0, 0, -0.5f});
  EXPECT_THAT(route.experts, ElementsAre(0, 1));
  const float sum = 0.5f + 0.7310586f;
  EXPECT_THAT(route.weights,
              Pointwise(::testing::FloatNear(1e-6f), {3 * 0.5f / sum, 3 * 0.7310586f / sum}));
}

TEST(RouteRowTest, TheLowestOfEqualsComesFirst) {
  EXPECT_THAT(RouteOf({.top_k = 3}, {1, 2, 2, 1, 2, 0}).experts, ElementsAre(1, 2, 4));
  EXPECT_THAT(RouteOf({.top_k = 4}, {-0.0f, 0.0f, -0.0f, 0.0f}).experts, ElementsAre(0, 1, 2, 3));
  EXPECT_THAT(RouteOf({.top_k = 2, .score = Score::kSigmoid}, {5, 5, 5}, {0, 1, 1}).experts,
              ElementsAre(1, 2));
}

// Rows with such scores are lost, but not the memory behind their experts.
TEST(RouteRowTest, WhatIsNoNumberComesLastAndIsSeenInTheWeights) {
  const Route softmax = RouteOf({.top_k = 3}, {kNan, 1, kNan, 2});
  EXPECT_THAT(softmax.experts, ElementsAre(3, 1, 0));
  for (float weight : softmax.weights) EXPECT_TRUE(std::isnan(weight));
  const Route sigmoid = RouteOf({.top_k = 3, .score = Score::kSigmoid}, {kNan, 1, kNan, 2});
  EXPECT_THAT(sigmoid.experts, ElementsAre(3, 1, 0));
  EXPECT_FALSE(std::isnan(sigmoid.weights[1]));
  EXPECT_TRUE(std::isnan(sigmoid.weights[2]));
  EXPECT_THAT(RouteOf({.top_k = 2}, {kNan, kNan}).experts, ElementsAre(0, 1));
}

TEST(RouteRowTest, ExtremesStayNumbers) {
  Route route = RouteOf({.top_k = 2, .normalize = true}, {-kInfinity, 3e38f, -3e38f, kInfinity});
  EXPECT_THAT(route.experts, ElementsAre(3, 1));
  EXPECT_THAT(route.weights, ElementsAre(1, 0));
  route = RouteOf({.top_k = 2, .score = Score::kSigmoid, .normalize = true},
                  {-3e38f, -kInfinity, -3e38f});
  EXPECT_THAT(route.experts, ElementsAre(0, 2));
  EXPECT_THAT(route.weights, ElementsAre(0, 0)) << "no division by 0";
}

// Against a sort and libm, over sizes of published models.
TEST(RouteRowTest, AgreesWithSorting) {
  std::mt19937 random(5);
  std::normal_distribution<float> normal(0, 2);
  for (int round = 0; round < 200; ++round) {
    std::vector<float> scores(round % 2 == 0 ? 128 : 288);
    for (float& score : scores) score = normal(random);
    std::vector<int32_t> order(scores.size());
    std::iota(order.begin(), order.end(), 0);
    std::sort(order.begin(), order.end(), [&](int32_t a, int32_t b) {
      return std::pair(-scores[static_cast<size_t>(a)], a) <
             std::pair(-scores[static_cast<size_t>(b)], b);
    });
    const Route route = RouteOf({.top_k = 8, .normalize = true}, scores);
    EXPECT_EQ(route.experts, std::vector<int32_t>(order.begin(), order.begin() + 8));
    double total = 0;
    for (int j = 0; j < 8; ++j) total += std::exp(scores[static_cast<size_t>(order[j])]);
    for (size_t j = 0; j < 8; ++j)
      EXPECT_NEAR(route.weights[j], std::exp(scores[static_cast<size_t>(order[j])]) / total, 1e-6);
  }
}

}  // namespace
}  // namespace lathe::moe
