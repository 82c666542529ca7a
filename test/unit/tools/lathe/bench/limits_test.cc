#include "tools/lathe/bench/limits.h"

#include "gtest/gtest.h"
#include "test/support/status_matchers.h"

namespace lathe {
namespace {

using testing::StatusIs;

TEST(LimitsTest, TheFasterCountsClockByClock) {
  const Rate rate = Faster({.wall = 1, .cpu = 4}, {.wall = 2, .cpu = 3});
  EXPECT_EQ(rate.By(Clock::kWall), 2);
  EXPECT_EQ(rate.By(Clock::kCpu), 4);
}

TEST(LimitsTest, AColdSetIsLargerThanTheCaches) {
  EXPECT_GT(LastLevelCacheBytes(), 0);
  EXPECT_TRUE(ColdSetBytes() == kReadSetBytes || ColdSetBytes() == 4 * LastLevelCacheBytes());
}

TEST(LimitsTest, EveryProbeOfThisMachineRuns) {
  for (int threads : {1, 2}) {
    LATHE_ASSERT_OK_AND_ASSIGN(auto probes,
                               LimitProbes::Create({.threads = threads, .read_bytes = 1 << 20}));
    LATHE_ASSERT_OK_AND_ASSIGN(Rate read, probes->Read());
    EXPECT_GT(read.wall, 0);
    EXPECT_GT(read.cpu, 0);
    EXPECT_GT(probes->best_streams(), 0);
    for (ArithmeticUnit unit : kArithmeticUnits) {
      absl::StatusOr<Rate> peak = probes->Peak(unit);
      if (HasUnit(unit)) {
        LATHE_ASSERT_OK(peak.status());
        EXPECT_GT(peak->cpu, 0);
      } else {
        EXPECT_THAT(peak.status(), StatusIs(absl::StatusCode::kUnimplemented,
                                            ::testing::HasSubstr("this CPU has no")));
      }
    }
  }
}

TEST(LimitsTest, LowerLevelsCanBeAskedFor) {
  LATHE_ASSERT_OK_AND_ASSIGN(auto probes,
                             LimitProbes::Create({.level = "x86-64-v3", .read_bytes = 1 << 16}));
  const ArithmeticUnit units[] = {ArithmeticUnit::kFmaF32};
  LATHE_ASSERT_OK_AND_ASSIGN(MeasuredLimits limits, Measure(*probes, units));
  EXPECT_GT(limits.By(Clock::kCpu).flops_per_second, 0);
  EXPECT_THAT(LimitProbes::Create({.level = "z80", .read_bytes = 1 << 16}).status(),
              StatusIs(absl::StatusCode::kInvalidArgument, ::testing::HasSubstr("z80")));
}

TEST(LimitsTest, MergedLimitsAreTheFaster) {
  MeasuredLimits before{{1, 1}, {{ArithmeticUnit::kFmaF32, {5, 5}}}};
  before.Merge({{2, 0.5}, {{ArithmeticUnit::kFmaF32, {4, 6}}}});
  EXPECT_EQ(before.By(Clock::kWall).bytes_per_second, 2);
  EXPECT_EQ(before.By(Clock::kWall).flops_per_second, 5);
  EXPECT_EQ(before.By(Clock::kCpu).bytes_per_second, 1);
  EXPECT_EQ(before.By(Clock::kCpu).flops_per_second, 6);
  EXPECT_FALSE(before.By(Clock::kCpu).Knows(ArithmeticUnit::kDotInt8));
  before.Merge({{}, {{ArithmeticUnit::kDotInt8, {7, 8}}}});
  EXPECT_EQ(before.By(Clock::kCpu).Peak(ArithmeticUnit::kDotInt8), 8);
}

}  // namespace
}  // namespace lathe
