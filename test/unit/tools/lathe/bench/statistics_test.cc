#include "tools/lathe/bench/statistics.h"

#include "gtest/gtest.h"

namespace lathe {
namespace {

TEST(StatisticsTest, MedianIsTheMiddleOfTheSorted) {
  EXPECT_EQ(Median({3, 1, 2}), 2);
  EXPECT_EQ(Median({4, 1, 2, 3}), 2.5);
  EXPECT_EQ(Median({7}), 7);
  EXPECT_EQ(Median({}), 0);
}

TEST(StatisticsTest, PercentilesLieBetweenNeighbours) {
  EXPECT_DOUBLE_EQ(Percentile({1, 2, 3, 4}, 90), 3.7);
  EXPECT_EQ(Percentile({1, 2, 3, 4}, 0), 1);
  EXPECT_EQ(Percentile({1, 2, 3, 4}, 100), 4);
}

TEST(StatisticsTest, OneSlowRepeatMovesNeitherMedianNorSpread) {
  std::vector<double> quiet(21, 5.0);
  EXPECT_EQ(Spread(quiet), 0);
  quiet.back() = 1000;
  EXPECT_EQ(Median(quiet), 5);
  EXPECT_EQ(Spread(quiet), 0);
  EXPECT_DOUBLE_EQ(Spread({1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11}), 8.0 / 6);
  EXPECT_EQ(Spread({0, 0}), 0);
}

}  // namespace
}  // namespace lathe
