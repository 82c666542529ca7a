#include "runtime/generate/sampler.h"

#include <limits>
#include <random>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace lathe {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();
constexpr float kNan = std::numeric_limits<float>::quiet_NaN();

TEST(SamplerTest, TheLowestIdWinsTies) {
  std::vector<float> logits(100, -3.0f);
  logits[70] = logits[41] = logits[99] = 2.0f;
  EXPECT_EQ(GreedyToken(logits, 100), 41);
  EXPECT_EQ(GreedyToken(std::vector<float>(100, -5.0f), 100), 0);
  EXPECT_EQ(GreedyToken(std::vector<float>{-0.0f, 0.0f}, 2), 0);
}

TEST(SamplerTest, IdsBeyondTheTokenizerAreNeverChosen) {
  std::vector<float> logits = {1, 2, 9, 10};
  EXPECT_EQ(GreedyToken(logits, 4), 3);
  EXPECT_EQ(GreedyToken(logits, 3), 2);
  EXPECT_EQ(GreedyToken(logits, 2), 1);
  EXPECT_EQ(GreedyToken(logits, 0), std::nullopt);
}

TEST(SamplerTest, WhatIsNotANumberNeverWins) {
  EXPECT_EQ(GreedyToken(std::vector<float>{kNan, 1, kNan, 2, kNan}, 5), 3);
  EXPECT_EQ(GreedyToken(std::vector<float>(70, kNan), 70), std::nullopt);
  EXPECT_EQ(GreedyToken(std::vector<float>(70, -kInfinity), 70), std::nullopt);
  EXPECT_EQ(GreedyToken(std::vector<float>{1, kInfinity}, 2), 1);
}

TEST(SamplerTest, EqualsAPlainLoop) {
  std::mt19937 random(5);
  for (size_t size = 1; size < 200; ++size) {
    std::vector<float> logits(size);
    for (float& value : logits) value = static_cast<float>(static_cast<int>(random() % 21) - 10);
    size_t best = 0;
    for (size_t i = 1; i < size; ++i) {
      if (logits[i] > logits[best]) best = i;
    }
    EXPECT_EQ(GreedyToken(logits, static_cast<int64_t>(size)), static_cast<int32_t>(best)) << size;
  }
}

TEST(SamplerDeathTest, MoreIdsThanLogitsIsABug) {
  EXPECT_DEATH(GreedyToken(std::vector<float>(3, 1.0f), 4), "4 tokens, 3 logits");
}

}  // namespace
}  // namespace lathe
