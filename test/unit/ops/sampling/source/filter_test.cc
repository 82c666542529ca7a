#include "ops/sampling/source/filter.h"

#include <cmath>
#include <random>
#include <vector>

#include "gmock/gmock.h"

namespace lathe::sampling {
namespace {

using ::testing::ElementsAre;

std::vector<Candidate> FilterAll(const std::vector<float>& scores, int32_t top_k, float top_p,
                                 float min_p) {
  std::vector<Candidate> out(scores.size());
  const auto n = static_cast<int32_t>(scores.size());
  out.resize(static_cast<size_t>(
      Filter(scores.data(), n, Largest(scores.data(), n), top_k, top_p, min_p, out.data())));
  return out;
}

std::vector<int32_t> Kept(const std::vector<float>& scores, int32_t top_k, float top_p,
                          float min_p) {
  std::vector<int32_t> ids;
  for (const Candidate& each : FilterAll(scores, top_k, top_p, min_p)) ids.push_back(each.id);
  return ids;
}

// Logs of these are scores; the weights of softmax are these.
std::vector<float> Logs(const std::vector<double>& shares) {
  std::vector<float> scores;
  for (double share : shares) scores.push_back(static_cast<float>(std::log(share)));
  return scores;
}

TEST(FilterTest, TheLargestOfAnyLength) {
  std::mt19937 random(5);
  for (size_t size = 0; size < 100; ++size) {
    std::vector<float> scores(size);
    for (float& score : scores) score = static_cast<float>(static_cast<int>(random() % 21) - 30);
    float best = -kInfinity;
    for (float score : scores) best = std::max(best, score);
    EXPECT_EQ(Largest(scores.data(), static_cast<int32_t>(size)), best);
  }
}

TEST(FilterTest, WeightsAreSharesOfTheLargest) {
  EXPECT_EQ(Weight(3, 3), kFullWeight);
  EXPECT_EQ(Weight(kInfinity, kInfinity), kFullWeight);
  EXPECT_EQ(Weight(3, kInfinity), 0u);
  EXPECT_EQ(Weight(-kInfinity, 3), 0u);
  EXPECT_NEAR(static_cast<double>(Weight(-1, 0)) / static_cast<double>(kFullWeight), std::exp(-1),
              1e-12);
  EXPECT_EQ(Weight(-28, 0), 1u) << "the smallest that counts";
  EXPECT_EQ(Weight(-29, 0), 0u);
}

TEST(FilterTest, TopKKeepsAllThatEqualTheKth) {
  const std::vector<float> scores = {1, 5, 3, 3, -2, 3};
  EXPECT_THAT(Kept(scores, 1, 1, 0), ElementsAre(1));
  EXPECT_THAT(Kept(scores, 2, 1, 0), ElementsAre(1, 2, 3, 5));
  EXPECT_THAT(Kept(scores, 4, 1, 0), ElementsAre(1, 2, 3, 5));
  EXPECT_THAT(Kept(scores, 5, 1, 0), ElementsAre(0, 1, 2, 3, 5));
  for (int32_t off : {0, 6, 7, 1 << 30})
    EXPECT_THAT(Kept(scores, off, 1, 0), ElementsAre(0, 1, 2, 3, 4, 5));
}

TEST(FilterTest, MaskedIdsAreNeverKept) {
  const std::vector<float> scores = {-kInfinity, 2, -kInfinity, 1};
  EXPECT_THAT(Kept(scores, 0, 1, 0), ElementsAre(1, 3));
  EXPECT_THAT(Kept(scores, 3, 1, 0), ElementsAre(1, 3)) << "fewer than k are allowed";
  EXPECT_THAT(Kept(scores, 1, 1, 0), ElementsAre(1));
}

TEST(FilterTest, TopPKeepsTheLikeliestThatMakeUpP) {
  const std::vector<float> scores = Logs({0.1, 0.5, 0.15, 0.25});
  EXPECT_THAT(Kept(scores, 0, 0, 0), ElementsAre(1));
  EXPECT_THAT(Kept(scores, 0, 0.49f, 0), ElementsAre(1));
  EXPECT_THAT(Kept(scores, 0, 0.51f, 0), ElementsAre(1, 3));
  EXPECT_THAT(Kept(scores, 0, 0.74f, 0), ElementsAre(1, 3));
  EXPECT_THAT(Kept(scores, 0, 0.76f, 0), ElementsAre(1, 2, 3));
  EXPECT_THAT(Kept(scores, 0, 0.91f, 0), ElementsAre(0, 1, 2, 3));
  EXPECT_THAT(Kept(scores, 0, 1, 0), ElementsAre(0, 1, 2, 3));
}

TEST(FilterTest, OfEqualsAtTheBorderOfTopPTheLowestIdsStay) {
  const std::vector<float> scores = {1, 1, 1, 1};
  EXPECT_THAT(Kept(scores, 0, 0, 0), ElementsAre(0));
  EXPECT_THAT(Kept(scores, 0, 0.25f, 0), ElementsAre(0));
  EXPECT_THAT(Kept(scores, 0, 0.26f, 0), ElementsAre(0, 1));
  EXPECT_THAT(Kept(scores, 0, 0.75f, 0), ElementsAre(0, 1, 2));
  EXPECT_THAT(Kept(scores, 0, 0.999f, 0), ElementsAre(0, 1, 2, 3));
}

TEST(FilterTest, TopPSharesWhatTopKLeft) {
  const std::vector<float> scores = Logs({0.1, 0.5, 0.15, 0.25});
  // Of the two left, the first has 2/3.
  EXPECT_THAT(Kept(scores, 2, 0.66f, 0), ElementsAre(1));
  EXPECT_THAT(Kept(scores, 2, 0.67f, 0), ElementsAre(1, 3));
}

TEST(FilterTest, MinPIsAShareOfTheLikeliest) {
  const std::vector<float> scores = Logs({0.1, 0.5, 0.15, 0.25});
  EXPECT_THAT(Kept(scores, 0, 1, 0.19f), ElementsAre(0, 1, 2, 3));
  EXPECT_THAT(Kept(scores, 0, 1, 0.21f), ElementsAre(1, 2, 3));
  EXPECT_THAT(Kept(scores, 0, 1, 0.49f), ElementsAre(1, 3));
  EXPECT_THAT(Kept(scores, 0, 1, 1), ElementsAre(1));
  EXPECT_THAT(Kept({2, 2, 1}, 0, 1, 1), ElementsAre(0, 1));
}

TEST(FilterTest, InfiniteScoresShareAll) {
  const std::vector<float> scores = {kInfinity, 3, kInfinity};
  const std::vector<Candidate> kept = FilterAll(scores, 0, 0.9f, 0.1f);
  ASSERT_EQ(kept.size(), 2u);
  EXPECT_EQ(kept[0].weight, kept[1].weight);
}

// Against sorting and summing in double, on rows large enough for every digit of the selection.
TEST(FilterTest, LargeRowsEqualASort) {
  std::mt19937 random(6);
  std::normal_distribution<float> normal(0, 2);
  for (int round = 0; round < 20; ++round) {
    std::vector<float> scores(3000);
    for (float& score : scores) score = normal(random);
    const auto k = static_cast<size_t>(1 + random() % 2999);
    const float p = 0.05f + static_cast<float>(random() % 90) / 100;
    std::vector<float> sorted = scores;
    std::sort(sorted.begin(), sorted.end(), std::greater<>());
    sorted.resize(k);
    double total = 0;
    for (float score : sorted) total += std::exp(static_cast<double>(score) - sorted[0]);
    size_t expected = 0;
    for (double sum = 0; expected < k && sum < p * total; ++expected)
      sum += std::exp(static_cast<double>(sorted[expected]) - sorted[0]);
    const std::vector<Candidate> kept = FilterAll(scores, static_cast<int32_t>(k), p, 0);
    ASSERT_EQ(kept.size(), expected) << "k " << k << " p " << p;
    for (const Candidate& each : kept) EXPECT_GE(each.score, sorted[expected - 1]);
  }
}

// Both ways to the k-th score, with ties, masks and rows that end within a block.
TEST(FilterTest, TopKOfRowsOfAnySizeEqualsASort) {
  std::mt19937 random(7);
  for (int32_t size : {33, 127, 128, 129, 1000, 4096, 32768, 32769, 40000}) {
    for (int levels : {5, 1000, 1 << 30}) {
      std::vector<float> scores(static_cast<size_t>(size));
      for (float& score : scores) {
        score = static_cast<float>(random() % static_cast<uint32_t>(levels)) - 2;
        if (random() % 3 == 0) score = -kInfinity;
      }
      std::vector<float> sorted = scores;
      std::sort(sorted.begin(), sorted.end(), std::greater<>());
      for (int32_t k : {1, 2, 20, size / 200 + 1, size / 100 + 1, size / 2, size - 1}) {
        const float kth = sorted[static_cast<size_t>(k - 1)];
        std::vector<int32_t> expected;
        for (int32_t id = 0; id < size; ++id) {
          const float score = scores[static_cast<size_t>(id)];
          if (score >= kth && score > -kInfinity) expected.push_back(id);
        }
        std::vector<Candidate> kept(scores.size());
        kept.resize(static_cast<size_t>(GatherTopK(scores.data(), size, k, kept.data())));
        std::vector<int32_t> ids;
        for (const Candidate& each : kept) ids.push_back(each.id);
        ASSERT_EQ(ids, expected) << "size " << size << " levels " << levels << " k " << k;
      }
    }
  }
}

TEST(FilterTest, RowsOfMasksKeepWhatIsLeft) {
  std::vector<float> scores(50000, -kInfinity);
  EXPECT_THAT(Kept(scores, 3, 1, 0), ElementsAre());
  scores[49999] = -7;
  scores[123] = -8;
  EXPECT_THAT(Kept(scores, 3, 1, 0), ElementsAre(123, 49999));
  EXPECT_THAT(Kept(scores, 1, 1, 0), ElementsAre(49999));
}

TEST(FilterTest, DrawSplitsTheBitsByWeight) {
  const std::vector<Candidate> candidates = {{0, 7, 1}, {0, 8, 0}, {0, 9, 3}};
  auto draw = [&](uint64_t bits) { return Draw(candidates.data(), 3, bits); };
  EXPECT_EQ(draw(0), 7);
  EXPECT_EQ(draw((uint64_t{1} << 62) - 1), 7);
  EXPECT_EQ(draw(uint64_t{1} << 62), 9) << "an id of weight 0 is never drawn";
  EXPECT_EQ(draw(~uint64_t{0}), 9);
}

}  // namespace
}  // namespace lathe::sampling
