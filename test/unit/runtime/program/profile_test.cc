#include "runtime/program/profile.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace lathe {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

// Commands one after the other on one worker, each of which takes as long as its entry says.
StepRecord Record(const std::vector<std::pair<CommandRecord, int64_t>>& commands) {
  StepRecord step;
  step.times.Reset(commands.size(), 1);
  int64_t now = 1000;
  for (size_t i = 0; i < commands.size(); ++i) {
    step.commands.push_back(commands[i].first);
    step.times.At(i, 0) = {now, now + commands[i].second};
    now += commands[i].second;
  }
  return step;
}

std::string LineOf(const std::string& text, const std::string& name) {
  const size_t begin = text.find("  " + name);
  return begin == std::string::npos ? "" : text.substr(begin, text.find('\n', begin) - begin);
}

TEST(ProfileTest, DispatchesOfAllLayersAreOfOneKind) {
  EXPECT_EQ(DispatchKind("model.layers.12.mlp.gate_proj+up_proj"),
            "model.layers.*.mlp.gate_proj+up_proj");
  EXPECT_EQ(DispatchKind("lm_head"), "lm_head");
  EXPECT_EQ(DispatchKind("a.1.b2.3"), "a.*.b2.*");
  EXPECT_EQ(DispatchKind(""), "");
}

TEST(ProfileTest, KindsAreSortedByTimeAndTheirWorkIsDivided) {
  Profile profile;
  for (int run = 0; run < 2; ++run) {
    profile.Add("decode",
                Record({{{.name = "norm", .work = {1000, 2'000'000}}, 1'000'000},
                        {{.name = "l.0.mlp", .work = {3'000'000, 1'500'000}}, 1'500'000},
                        {{.name = "l.1.mlp", .work = {3'000'000, 1'500'000}}, 1'500'000}}));
  }
  EXPECT_EQ(profile.total_ns(), 8'000'000);
  const std::string text = profile.KindText();
  EXPECT_THAT(text, HasSubstr("profile of decode: 2 steps, 4.000 ms a step; 1 thread busy 100.0%"));
  EXPECT_LT(text.find("l.*.mlp"), text.find("norm"));
  EXPECT_THAT(LineOf(text, "l.*.mlp"),
              AllOf(HasSubstr(" 2 "), HasSubstr(" 6.000 "), HasSubstr(" 75.0%"),
                    HasSubstr(" 2.00 "), HasSubstr(" 1.00")));
  EXPECT_THAT(LineOf(text, "norm"), HasSubstr(" 25.0%"));
  EXPECT_THAT(text, Not(HasSubstr("limit")));
  const std::string slowest = profile.CommandText(1);
  EXPECT_THAT(LineOf(slowest, "l.0.mlp"), AllOf(HasSubstr(" 2 "), HasSubstr(" 3.000 ")));
  EXPECT_THAT(slowest, Not(HasSubstr("norm")));
}

TEST(ProfileTest, EachRunHasItsOwnLimit) {
  Profile profile(Roofline{.bytes_per_second = 1e9, .flops_per_second = 1e10});
  // 1 ms of reading in 2 ms, then 1 ms of arithmetic in 1 ms.
  profile.Add("decode", Record({{{.name = "x", .work = {1e6, 1e6}}, 2'000'000}}));
  profile.Add("prefill", Record({{{.name = "x", .work = {1e7, 1e3}}, 1'000'000}}));
  const std::string text = profile.KindText();
  EXPECT_THAT(text, AllOf(HasSubstr("50.0% of the limit"), HasSubstr("100.0% of the limit"),
                          HasSubstr("of limit  bound by"), HasSubstr("50.0%  memory"),
                          HasSubstr("100.0%  fma f32")));
  EXPECT_THAT(LineOf(profile.CommandText(5), "x"), HasSubstr(" 66.7%"));
}

TEST(ProfileTest, TheLimitIsThatOfTheUnitOfTheKernel) {
  Roofline limits{.bytes_per_second = 1e12, .flops_per_second = 1e10};
  limits.SetPeak(ArithmeticUnit::kDotInt8, 4e10);
  Profile profile(limits);
  profile.Add("prefill",
              Record({{{.name = "x", .work = {1e7, 1e3}}, 1'000'000},
                      {{.name = "y", .work = {2e7, 1e3, ArithmeticUnit::kDotInt8}}, 1'000'000}}));
  const std::string text = profile.KindText();
  EXPECT_THAT(LineOf(text, "x"), HasSubstr("100.0%  fma f32"));
  EXPECT_THAT(LineOf(text, "y"), HasSubstr("50.0%  dot int8"));
}

TEST(ProfileTest, EmptyIsEmpty) {
  EXPECT_EQ(Profile().total_ns(), 0);
  EXPECT_EQ(Profile().KindText(), "");
  EXPECT_EQ(Profile().CommandText(5), "");
}

}  // namespace
}  // namespace lathe
