#include "ops/sampling/source/select.h"

#include <algorithm>
#include <limits>
#include <random>
#include <vector>

#include "gtest/gtest.h"

namespace lathe::sampling {
namespace {

TEST(SelectTest, KeysKeepTheOrder) {
  const float limits[] = {
      -kInfinity, -std::numeric_limits<float>::max(), -2.5f,    -1e-40f, 0.0f, 1e-40f,
      1.0f,       std::numeric_limits<float>::max(),  kInfinity};
  for (float a : limits) {
    EXPECT_EQ(KeyScore(OrderKey(a)), a);
    for (float b : limits) EXPECT_EQ(OrderKey(a) < OrderKey(b), a < b) << a << " " << b;
  }
  EXPECT_EQ(OrderKey(-0.0f), OrderKey(0.0f));
}

// By sorting, and summing from the largest down.
Threshold Plain(const std::vector<float>& scores, const std::vector<uint64_t>& mass,
                uint64_t target) {
  std::vector<float> levels = scores;
  std::sort(levels.begin(), levels.end(), std::greater<>());
  levels.erase(std::unique(levels.begin(), levels.end()), levels.end());
  uint64_t above = 0;
  for (float level : levels) {
    uint64_t here = 0;
    for (size_t i = 0; i < scores.size(); ++i) here += scores[i] == level ? mass[i] : 0;
    if (above + here >= target) return {level, above};
    above += here;
  }
  return {0, 0};
}

TEST(SelectTest, EqualsSortingForEveryTarget) {
  std::mt19937 random(4);
  for (int round = 0; round < 60; ++round) {
    std::vector<float> scores(1 + random() % 40);
    std::vector<uint64_t> mass(scores.size());
    uint64_t total = 0;
    for (size_t i = 0; i < scores.size(); ++i) {
      // Few levels, all signs and magnitudes, zeros of both signs, infinities.
      const int pick = static_cast<int>(random() % 12);
      scores[i] = pick == 0   ? -kInfinity
                  : pick == 1 ? -0.0f
                  : pick == 2 ? 0.0f
                              : std::ldexp(static_cast<float>(random() % 5) - 2,
                                           static_cast<int>(random() % 60) - 30);
      total += mass[i] = round % 2 == 0 ? 1 : random() % 7;
    }
    for (uint64_t target = 1; target <= total; ++target) {
      const Threshold got = FindThreshold(
          static_cast<int32_t>(scores.size()), target,
          [&](int32_t i) { return scores[static_cast<size_t>(i)]; },
          [&](int32_t i) { return mass[static_cast<size_t>(i)]; });
      const Threshold expected = Plain(scores, mass, target);
      ASSERT_EQ(got.score, expected.score) << "round " << round << " target " << target;
      ASSERT_EQ(got.mass_above, expected.mass_above) << "round " << round << " target " << target;
    }
  }
}

}  // namespace
}  // namespace lathe::sampling
