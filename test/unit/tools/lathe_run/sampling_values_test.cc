#include "tools/lathe_run/sampling_values.h"

#include <limits>
#include <set>

#include "test/support/status_matchers.h"

namespace lathe {
namespace {

using ::lathe::testing::StatusIs;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

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

TEST(SamplingValuesTest, TheArtifactsDefaultsStandWhereNothingElseIsSaid) {
  LATHE_ASSERT_OK_AND_ASSIGN(SamplingParams own, MakeSampling({}, Sampled()));
  EXPECT_EQ(own.temperature, 0.6f);
  EXPECT_EQ(own.top_k, 20);
  EXPECT_EQ(own.top_p, 0.95f);
  LATHE_ASSERT_OK_AND_ASSIGN(
      SamplingParams values,
      MakeSampling({.temperature = 0.9, .top_k = 0, .min_p = 0.1, .seed = 5}, Sampled()));
  EXPECT_EQ(values.temperature, 0.9f);
  EXPECT_EQ(values.top_k, 0);
  EXPECT_EQ(values.top_p, 0.95f);
  EXPECT_EQ(values.min_p, 0.1f);
  EXPECT_EQ(values.seed, 5u);
}

TEST(SamplingValuesTest, EveryValueArrives) {
  LATHE_ASSERT_OK_AND_ASSIGN(SamplingParams params, MakeSampling({.top_p = 0.5,
                                                                  .repetition_penalty = 1.1,
                                                                  .presence_penalty = 1.5,
                                                                  .frequency_penalty = -0.5,
                                                                  .min_tokens = 6,
                                                                  .logprobs = 4,
                                                                  .logit_bias = {{3, -2.5f}},
                                                                  .allowed_ids = {1, 2},
                                                                  .forbidden_ids = {2}},
                                                                 Sampled()));
  EXPECT_EQ(params.repetition_penalty, 1.1f);
  EXPECT_EQ(params.presence_penalty, 1.5f);
  EXPECT_EQ(params.frequency_penalty, -0.5f);
  EXPECT_THAT(params.logit_bias, ElementsAre(LogitBias{3, -2.5f}));
  EXPECT_THAT(params.allowed_ids, ElementsAre(1, 2));
  EXPECT_THAT(params.forbidden_ids, ElementsAre(2));
  EXPECT_EQ(params.min_tokens, 6);
  EXPECT_EQ(params.num_logprobs, 4);
  EXPECT_EQ(params.top_p, 0.5f);
}

TEST(SamplingValuesTest, EachValueOverrulesTheOneBelowIt) {
  const SamplingValues under{.temperature = 1,
                             .top_k = 3,
                             .seed = 7,
                             .ignore_eos = true,
                             .logit_bias = {{1, 2}},
                             .stop = {"a"},
                             .stop_ids = {4},
                             .allowed_ids = {5},
                             .forbidden_ids = {6}};
  EXPECT_EQ(Over(under, {}), under);
  EXPECT_EQ(Over({}, under), under);
  const SamplingValues over{.temperature = 0,
                            .top_p = 0.5,
                            .ignore_eos = false,
                            .logit_bias = {{2, 3}},
                            .stop = {"b", "c"},
                            .stop_ids = {14},
                            .allowed_ids = {15},
                            .forbidden_ids = {16}};
  SamplingValues both = over;
  both.top_k = 3;
  both.seed = 7;
  EXPECT_EQ(Over(under, over), both);
}

// What the table lets pass, the generator takes: there is one range of each.
TEST(SamplingValuesTest, TheEndsOfEachRangeAreAcceptedByTheGenerator) {
  for (const SamplingNumber& line : SamplingNumbers()) {
    std::visit(
        [&line](const auto& number) {
          for (const auto end : {number.range.least, number.range.most}) {
            SamplingValues values;
            values.*number.value = end;
            LATHE_ASSERT_OK_AND_ASSIGN(SamplingParams params, MakeSampling(values, Sampled()));
            LATHE_EXPECT_OK(CheckSampling(params, 100)) << line.key;
          }
        },
        line.number);
  }
}

TEST(SamplingValuesTest, WithoutASeedEachTimeIsAnother) {
  std::set<uint64_t> seeds;
  for (int i = 0; i < 4; ++i) {
    LATHE_ASSERT_OK_AND_ASSIGN(SamplingParams params, MakeSampling({}, Sampled()));
    seeds.insert(params.seed);
  }
  EXPECT_GT(seeds.size(), 1u);
}

TEST(SamplingValuesTest, FiltersOfAGreedyModelNeedATemperature) {
  for (SamplingValues filter :
       {SamplingValues{.top_k = 5}, SamplingValues{.top_p = 0.9}, SamplingValues{.min_p = 0.1}}) {
    EXPECT_THAT(MakeSampling(filter, {}),
                StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("add a temperature of 1")));
    filter.temperature = 1;
    LATHE_EXPECT_OK(MakeSampling(filter, {}));
    filter.temperature = 0;
    LATHE_EXPECT_OK(MakeSampling(filter, Sampled()));
  }
  LATHE_EXPECT_OK(MakeSampling({.repetition_penalty = 1.2, .seed = 1}, {}));
}

TEST(SamplingValuesTest, StopIdsAreTheModelsOwnAndThoseAskedFor) {
  EXPECT_THAT(StopIds({}, Sampled()), ElementsAre(7, 9));
  EXPECT_THAT(StopIds({.ignore_eos = true}, Sampled()), IsEmpty());
  EXPECT_THAT(StopIds({.stop_ids = {3}}, Sampled()), ElementsAre(3, 7, 9));
  EXPECT_THAT(StopIds({.ignore_eos = true, .stop_ids = {3}}, Sampled()), ElementsAre(3));
}

}  // namespace
}  // namespace lathe
