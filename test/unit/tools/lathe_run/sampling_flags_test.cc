#include "tools/lathe_run/sampling_flags.h"

#include "test/support/status_matchers.h"

namespace lathe {
namespace {

using ::lathe::testing::StatusIs;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

absl::StatusOr<SamplingValues> Parse(const std::vector<std::string>& words) {
  SamplingValues values;
  FlagTable table("tool", "", "Does a thing.");
  AddSamplingFlags(values, table);
  LATHE_RETURN_IF_ERROR(table.Parse(words).status());
  return values;
}

TEST(SamplingFlagsTest, EveryFlagArrives) {
  LATHE_ASSERT_OK_AND_ASSIGN(
      SamplingValues values,
      Parse({"--temperature=0.9", "--top-k=7", "--top-p=0.5", "--min-p=0.1", "--repeat-penalty=1.1",
             "--presence-penalty=1.5", "--frequency-penalty", "-0.5", "--logit-bias=3:-2.5",
             "--logit-bias=4:1e2", "--seed=5", "--stop=a", "--stop=b", "--ignore-eos",
             "--min-tokens=6", "--logprobs=4"}));
  EXPECT_EQ(values, (SamplingValues{.temperature = 0.9,
                                    .top_k = 7,
                                    .top_p = 0.5,
                                    .min_p = 0.1,
                                    .repetition_penalty = 1.1,
                                    .presence_penalty = 1.5,
                                    .frequency_penalty = -0.5,
                                    .seed = 5,
                                    .min_tokens = 6,
                                    .logprobs = 4,
                                    .ignore_eos = true,
                                    .logit_bias = {{3, -2.5f}, {4, 100}},
                                    .stop = {"a", "b"}}));
}

// The table is the home of names and ranges.
TEST(SamplingFlagsTest, EveryNumberOfTheTableIsAFlagWithItsRange) {
  for (const SamplingNumber& line : SamplingNumbers()) {
    EXPECT_THAT(Parse({absl::StrCat("--", line.flag, "=-3")}),
                StatusIs(absl::StatusCode::kInvalidArgument,
                         HasSubstr(absl::StrCat("--", line.flag, ": got \"-3\", expected a "))));
  }
}

TEST(SamplingFlagsTest, WhatCannotBeReadIsNamed) {
  for (const char* bad :
       {"3", "3:", ":1", "x:1", "-1:1", "3:101", "3:nan", "3:1:2", "99999999999:1"}) {
    EXPECT_THAT(
        Parse({std::string("--logit-bias=") + bad}),
        StatusIs(absl::StatusCode::kInvalidArgument,
                 HasSubstr(std::string("--logit-bias: got \"") + bad + "\", expected ID:BIAS")));
  }
  EXPECT_THAT(Parse({"--stop=a", "--stop="}),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("--stop: an empty text")));
}

}  // namespace
}  // namespace lathe
