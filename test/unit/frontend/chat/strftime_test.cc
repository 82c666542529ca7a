#include "frontend/chat/strftime.h"

#include "gtest/gtest.h"
#include "test/support/status_matchers.h"

namespace lathe {
namespace {

using ::lathe::testing::StatusIs;

std::tm Time() {
  std::tm time{};
  time.tm_year = 126;
  time.tm_mon = 6;
  time.tm_mday = 4;
  time.tm_hour = 15;
  time.tm_min = 5;
  time.tm_sec = 9;
  time.tm_wday = 6;
  time.tm_yday = 184;
  return time;
}

TEST(FormatTimeTest, EveryDirective) {
  EXPECT_EQ(*FormatTime("%Y-%m-%d %H:%M:%S", Time()), "2026-07-04 15:05:09");
  EXPECT_EQ(*FormatTime("%a %A %b %B %e %I %p %j %y %%", Time()),
            "Sat Saturday Jul July  4 03 PM 185 26 %");
  EXPECT_EQ(*FormatTime("%-d.%-m. %-H", Time()), "4.7. 15");
  EXPECT_EQ(*FormatTime("", Time()), "");
}

TEST(FormatTimeTest, RefusesOthersByName) {
  EXPECT_THAT(FormatTime("%c", Time()), StatusIs(absl::StatusCode::kUnimplemented,
                                                 "strftime directive '%c' is not supported"));
  EXPECT_THAT(FormatTime("a%", Time()), StatusIs(absl::StatusCode::kInvalidArgument,
                                                 "the format of a time ends within a directive"));
  EXPECT_THAT(FormatTime("a%-", Time()), StatusIs(absl::StatusCode::kInvalidArgument,
                                                  "the format of a time ends within a directive"));
}

TEST(FormatTimeTest, NonsenseTimesAreNoCrash) {
  std::tm time{};
  time.tm_wday = 99;
  time.tm_mon = -3;
  EXPECT_EQ(*FormatTime("%A %B", time), "? ?");
}

}  // namespace
}  // namespace lathe
