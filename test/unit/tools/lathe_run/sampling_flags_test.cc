#include "tools/lathe_run/sampling_flags.h"

#include <set>

#include "test/support/status_matchers.h"

namespace lathe {
namespace {

using ::lathe::testing::StatusIs;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

SamplingFlags Parsed(const std::vector<std::string>& words) {
  SamplingFlags flags;
  FlagTable table("tool", "", "Does a thing.");
  AddSamplingFlags(flags, table);
  LATHE_EXPECT_OK(table.Parse(words).status());
  return flags;
}

artifact::GenerationDefaults Sampled() {
  artifact::GenerationDefaults defaults;
  defaults.set_do_sample(true);
  defaults.set_temperature(0.6f);
  defaults.set_top_k(20);
  defaults.set_top_p(0.95f);
  defaults.add_stop_ids(7);
  defaults.add_stop_ids(9);
  return defaults;
}

TEST(SamplingFlagsTest, TheArtifactsDefaultsStandWhereNoFlagSaysMore) {
  LATHE_ASSERT_OK_AND_ASSIGN(SamplingParams own, MakeSampling({}, Sampled()));
  EXPECT_EQ(own.temperature, 0.6f);
  EXPECT_EQ(own.top_k, 20);
  EXPECT_EQ(own.top_p, 0.95f);
  LATHE_ASSERT_OK_AND_ASSIGN(
      SamplingParams flags,
      MakeSampling(Parsed({"--temperature=0.9", "--top-k=0", "--min-p=0.1", "--seed=5"}),
                   Sampled()));
  EXPECT_EQ(flags.temperature, 0.9f);
  EXPECT_EQ(flags.top_k, 0);
  EXPECT_EQ(flags.top_p, 0.95f);
  EXPECT_EQ(flags.min_p, 0.1f);
  EXPECT_EQ(flags.seed, 5u);
}

TEST(SamplingFlagsTest, EveryFlagArrives) {
  LATHE_ASSERT_OK_AND_ASSIGN(
      SamplingParams params,
      MakeSampling(Parsed({"--repeat-penalty=1.1", "--presence-penalty=1.5", "--frequency-penalty",
                           "-0.5", "--logit-bias=3:-2.5", "--logit-bias=4:100", "--min-tokens=6",
                           "--logprobs=4", "--top-p=0.5"}),
                   Sampled()));
  EXPECT_EQ(params.repetition_penalty, 1.1f);
  EXPECT_EQ(params.presence_penalty, 1.5f);
  EXPECT_EQ(params.frequency_penalty, -0.5f);
  ASSERT_EQ(params.logit_bias.size(), 2u);
  EXPECT_EQ(params.logit_bias[0].id, 3);
  EXPECT_EQ(params.logit_bias[0].value, -2.5f);
  EXPECT_EQ(params.logit_bias[1].value, 100);
  EXPECT_EQ(params.min_tokens, 6);
  EXPECT_EQ(params.num_logprobs, 4);
  EXPECT_EQ(params.top_p, 0.5f);
}

TEST(SamplingFlagsTest, WithoutASeedEachTimeIsAnother) {
  std::set<uint64_t> seeds;
  for (int i = 0; i < 4; ++i) {
    LATHE_ASSERT_OK_AND_ASSIGN(SamplingParams params, MakeSampling({}, Sampled()));
    seeds.insert(params.seed);
  }
  EXPECT_GT(seeds.size(), 1u);
}

TEST(SamplingFlagsTest, FiltersOfAGreedyModelNeedATemperature) {
  for (const char* flag : {"--top-k=5", "--top-p=0.9", "--min-p=0.1"}) {
    EXPECT_THAT(MakeSampling(Parsed({flag}), {}),
                StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("add --temperature=1")));
    LATHE_EXPECT_OK(MakeSampling(Parsed({flag, "--temperature=1"}), {}));
    LATHE_EXPECT_OK(MakeSampling(Parsed({flag, "--temperature=0"}), Sampled()));
  }
  LATHE_EXPECT_OK(MakeSampling(Parsed({"--repeat-penalty=1.2", "--seed=1"}), {}));
}

TEST(SamplingFlagsTest, StopIdsAreTheModelsOwn) {
  EXPECT_THAT(StopIds({}, Sampled()), ElementsAre(7, 9));
  EXPECT_THAT(StopIds(Parsed({"--ignore-eos"}), Sampled()), IsEmpty());
}

TEST(SamplingFlagsTest, WhatCannotBeReadIsNamed) {
  for (const char* bad :
       {"3", "3:", ":1", "x:1", "-1:1", "3:101", "3:nan", "3:1:2", "99999999999:1"}) {
    EXPECT_THAT(
        CheckSamplingFlags(Parsed({std::string("--logit-bias=") + bad})),
        StatusIs(absl::StatusCode::kInvalidArgument,
                 HasSubstr(std::string("--logit-bias: got \"") + bad + "\", expected ID:BIAS")));
  }
  LATHE_EXPECT_OK(CheckSamplingFlags(Parsed({"--logit-bias=3:1e1", "--stop=a", "--stop=b"})));
  EXPECT_THAT(CheckSamplingFlags(Parsed({"--stop=a", "--stop="})),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("--stop: an empty text")));
}

}  // namespace
}  // namespace lathe
