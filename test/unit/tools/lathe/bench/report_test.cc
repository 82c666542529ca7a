#include "tools/lathe/bench/report.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "test/support/status_matchers.h"

namespace lathe {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::StatusIs;

Report Sample() {
  Report report;
  report.Add({"decode batch 1/1 thread", {{"p50", 12.5, "ms"}, {"rate", 80, "token/s"}}, ""});
  report.Add({"decode batch 8/1 thread", {{"p50", 20, "ms"}, {"rate", 400, "token/s"}}, "noisy"});
  report.Add({"start", {{"ready", 31.25, "ms"}}, ""});
  return report;
}

TEST(ReportTest, LinesOfEqualColumnsShareATable) {
  EXPECT_EQ(Sample().Text(),
            "                         p50, ms  rate, token/s\n"
            "decode batch 1/1 thread    12.50          80.00\n"
            "decode batch 8/1 thread    20.00          400.0  noisy\n"
            "\n"
            "       ready, ms\n"
            "start      31.25\n");
}

TEST(ReportTest, NotesStandBehindTheNumbers) {
  Report report;
  report.Add({"a", {{"p50", 1, "ms"}}, "a long note"});
  report.Add({"b", {{"p50", 2, "ms"}}, "short"});
  EXPECT_EQ(report.Text(),
            "   p50, ms\n"
            "a    1.000  a long note\n"
            "b    2.000  short\n");
}

TEST(ReportTest, JsonComesBackAsItWas) {
  const Report report = Sample();
  LATHE_ASSERT_OK_AND_ASSIGN(Report back, Report::FromJson(report.Json(), "a.json"));
  EXPECT_EQ(back.lines(), report.lines());
  EXPECT_EQ(back.Json(), report.Json());
}

TEST(ReportTest, LimitsStandWhereOtherCommandsReadThem) {
  Report report = Sample();
  report.AddLimits({2, {.bytes_per_second = 2.7e10, .flops_per_second = 1.16e11}});
  LATHE_ASSERT_OK_AND_ASSIGN(auto limits, ParseMachineLimits(report.Json(), "l.json"));
  ASSERT_EQ(limits.size(), 1u);
  EXPECT_EQ(limits[0].threads, 2);
  EXPECT_EQ(limits[0].roofline.bytes_per_second, 2.7e10);
  EXPECT_EQ(limits[0].roofline.flops_per_second, 1.16e11);
}

TEST(ReportTest, ForeignJsonIsRefusedWithItsPlace) {
  auto read = [](absl::string_view text) { return Report::FromJson(text, "a.json").status(); };
  EXPECT_THAT(read("{"), StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("a.json: line 1")));
  EXPECT_THAT(read("{}"), StatusIs(absl::StatusCode::kInvalidArgument,
                                   AllOf(HasSubstr("a.json: lathe_bench"),
                                         HasSubstr("a file of lathe bench --json"))));
  EXPECT_THAT(read(R"({"lathe_bench": 2})"),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("the number 2")));
  EXPECT_THAT(read(R"({"lathe_bench": 1, "lines": 3})"),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("a.json: lines")));
  EXPECT_THAT(read(R"({"lathe_bench": 1, "lines": [7]})"),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("lines[0]")));
  EXPECT_THAT(read(R"({"lathe_bench": 1, "lines": [{"name": "x", "note": ""}]})"),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("lines[0].metrics")));
  EXPECT_THAT(read(R"({"lathe_bench": 1, "lines": [{"name": "x", "note": "", "metrics":
               [{"name": "p50", "unit": "ms", "value": "fast"}]}]})"),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("expected a number")));
}

TEST(ReportTest, ComparisonIsSecondOverFirst) {
  Report after;
  after.Add({"decode batch 1/1 thread", {{"p50", 10, "ms"}, {"rate", 100, "token/s"}}, ""});
  after.Add({"prefill 512", {{"rate", 9, "token/s"}}, ""});
  EXPECT_EQ(CompareText(Sample(), after),
            "                                        first  second  second/first\n"
            "decode batch 1/1 thread  p50, ms        12.50   10.00         0.800\n"
            "decode batch 1/1 thread  rate, token/s  80.00   100.0         1.250\n"
            "only in the first: decode batch 8/1 thread\n"
            "only in the first: start\n"
            "only in the second: prefill 512\n");
}

TEST(ReportTest, NothingIsDividedByZero) {
  Report zero;
  zero.Add({"x", {{"p50", 0, "ms"}}, ""});
  EXPECT_THAT(CompareText(zero, zero), HasSubstr("x  p50, ms      0       0             -\n"));
}

TEST(ReportTest, NumbersAreShortAndWithoutExponent) {
  std::vector<std::string> texts;
  for (double value : {0.0, 0.012344, 17.1, 123456.7, -2.5}) texts.push_back(ShortNumber(value));
  EXPECT_THAT(texts, ElementsAre("0", "0.01234", "17.10", "123457", "-2.500"));
}

}  // namespace
}  // namespace lathe
