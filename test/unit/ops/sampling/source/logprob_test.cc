#include "ops/sampling/source/logprob.h"

#include <cmath>
#include <random>
#include <vector>

#include "gmock/gmock.h"

namespace lathe::sampling {
namespace {

using ::testing::ElementsAre;

std::vector<Logprob> Top(const std::vector<float>& logits, int32_t num_top) {
  const auto n = static_cast<int32_t>(logits.size());
  std::vector<Logprob> top(static_cast<size_t>(num_top));
  top.resize(static_cast<size_t>(
      TopLogprobs(logits.data(), n, Normalize(logits.data(), n), num_top, top.data())));
  return top;
}

std::vector<int32_t> TopIds(const std::vector<float>& logits, int32_t num_top) {
  std::vector<int32_t> ids;
  for (const Logprob& each : Top(logits, num_top)) ids.push_back(each.id);
  return ids;
}

TEST(LogprobTest, EqualsLogSoftmaxInDouble) {
  std::mt19937 random(8);
  std::normal_distribution<float> normal(0, 4);
  for (size_t size : {1, 2, 31, 500}) {
    std::vector<float> logits(size);
    for (float& logit : logits) logit = normal(random);
    double sum = 0;
    for (float logit : logits) sum += std::exp(static_cast<double>(logit));
    const Normalizer by = Normalize(logits.data(), static_cast<int32_t>(size));
    for (float logit : logits)
      EXPECT_NEAR(LogprobOf(logit, by), logit - std::log(sum), 1e-5) << size;
  }
}

TEST(LogprobTest, LikeliestFirstAndTheLowestIdAmongEquals) {
  const std::vector<float> logits = {1, 3, 2, 3, -1, 2};
  EXPECT_THAT(TopIds(logits, 0), ElementsAre());
  EXPECT_THAT(TopIds(logits, 1), ElementsAre(1));
  EXPECT_THAT(TopIds(logits, 3), ElementsAre(1, 3, 2));
  EXPECT_THAT(TopIds(logits, 5), ElementsAre(1, 3, 2, 5, 0));
  EXPECT_THAT(TopIds(logits, 20), ElementsAre(1, 3, 2, 5, 0, 4)) << "no more than there are";
}

TEST(LogprobTest, TopValuesAreLogprobs) {
  const std::vector<Logprob> top = Top({0, 0, 0, 0}, 2);
  EXPECT_NEAR(top[0].value, std::log(0.25), 1e-6);
  EXPECT_NEAR(top[1].value, std::log(0.25), 1e-6);
}

TEST(LogprobTest, InfinitiesAreShares) {
  const std::vector<Logprob> top = Top({kInfinity, 2, kInfinity, -kInfinity}, 4);
  EXPECT_NEAR(top[0].value, std::log(0.5), 1e-6);
  EXPECT_EQ(top[2].value, -kInfinity);
  EXPECT_EQ(top[3].value, -kInfinity);
}

}  // namespace
}  // namespace lathe::sampling
