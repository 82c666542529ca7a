#include "tools/lathe/bench/stopwatch.h"

#include <thread>

#include "gtest/gtest.h"

namespace lathe {
namespace {

TEST(StopwatchTest, SleepCostsWallTimeOnly) {
  Stopwatch watch;
  std::this_thread::sleep_for(std::chrono::milliseconds(20));
  const Elapsed elapsed = watch.Read();
  EXPECT_GE(elapsed.wall_s, 0.02);
  EXPECT_LT(elapsed.cpu_s, elapsed.wall_s);
}

TEST(StopwatchTest, WorkCostsCpuTime) {
  Stopwatch watch;
  volatile uint64_t sink = 0;
  while (watch.Read().cpu_s < 0.002) sink = sink + 1;
  EXPECT_GT(watch.Read().wall_s, 0);
}

TEST(StopwatchTest, CpuTimeIsSharedByTheThreads) {
  const Elapsed elapsed{.wall_s = 3, .cpu_s = 4};
  EXPECT_EQ(elapsed.Seconds(Clock::kWall, 2), 3);
  EXPECT_EQ(elapsed.Seconds(Clock::kCpu, 2), 2);
}

TEST(StopwatchTest, OtherLoadIsNamed) {
  EXPECT_EQ(OtherLoad(1.05, 1.0, Clock::kWall), "");
  EXPECT_EQ(OtherLoad(3.0, 1.5, Clock::kWall), "other load: wall 2.00 x CPU time, see --clock=cpu");
  EXPECT_EQ(OtherLoad(3.0, 1.5, Clock::kCpu), "other load: wall 2.00 x CPU time");
}

}  // namespace
}  // namespace lathe
