#include "tools/lathe/bench/limits_bench.h"

#include "gtest/gtest.h"
#include "test/support/status_matchers.h"

namespace lathe {
namespace {

TEST(LimitsBenchTest, OneLineForEachNumberOfThreads) {
  Report report;
  LATHE_ASSERT_OK(BenchLimits({.threads = {1, 2}, .repeat = 1, .read_bytes = 1 << 20}, report));
  ASSERT_EQ(report.lines().size(), 2u);
  EXPECT_EQ(report.lines()[0].name, "limits/1 thread");
  EXPECT_EQ(report.lines()[1].name, "limits/2 threads");
  EXPECT_EQ(report.lines()[0].metrics[0].name, "read");
  EXPECT_EQ(report.lines()[0].metrics[1].name, "fma f32");
  EXPECT_GT(report.lines()[0].metrics[1].value, 0);
  LATHE_ASSERT_OK_AND_ASSIGN(auto limits, ParseMachineLimits(report.Json(), "l.json"));
  EXPECT_EQ(limits.size(), 2u);
}

}  // namespace
}  // namespace lathe
