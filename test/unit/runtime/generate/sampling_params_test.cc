#include "runtime/generate/sampling_params.h"

#include <limits>

#include "test/support/status_matchers.h"

namespace lathe {
namespace {

using ::lathe::testing::StatusIs;
using ::testing::HasSubstr;

artifact::GenerationDefaults Published() {
  artifact::GenerationDefaults defaults;
  defaults.set_do_sample(true);
  defaults.set_temperature(0.6f);
  defaults.set_top_k(20);
  defaults.set_top_p(0.95f);
  defaults.set_min_p(0);
  defaults.set_repetition_penalty(1.05f);
  return defaults;
}

TEST(SamplingParamsTest, WhatNobodySaysIsNeutral) {
  const SamplingParams params = Resolve({});
  EXPECT_EQ(params.temperature, 1);
  EXPECT_EQ(params.top_k, 0);
  EXPECT_EQ(params.top_p, 1);
  EXPECT_EQ(params.min_p, 0);
  EXPECT_EQ(params.repetition_penalty, 1);
  EXPECT_EQ(params.frequency_penalty, 0);
  EXPECT_EQ(params.presence_penalty, 0);
}

TEST(SamplingParamsTest, LaterSourcesOverruleEarlierOnesFieldByField) {
  const SamplingSettings command_line{.temperature = 0.8f, .top_k = 0, .presence_penalty = 1};
  const SamplingSettings request{.temperature = 0.2f, .min_p = 0.1f, .frequency_penalty = 0.5f};
  const SamplingParams params = Resolve({OwnSettings(Published()), command_line, request});
  EXPECT_EQ(params.temperature, 0.2f);
  EXPECT_EQ(params.top_k, 0);
  EXPECT_EQ(params.top_p, 0.95f);
  EXPECT_EQ(params.min_p, 0.1f);
  EXPECT_EQ(params.repetition_penalty, 1.05f);
  EXPECT_EQ(params.frequency_penalty, 0.5f);
  EXPECT_EQ(params.presence_penalty, 1);
}

TEST(SamplingParamsTest, WithoutDoSampleTheFiltersOfTheFileAreOff) {
  artifact::GenerationDefaults defaults = Published();
  defaults.set_do_sample(false);
  const SamplingParams params = Resolve({OwnSettings(defaults)});
  EXPECT_EQ(params.temperature, 0);
  EXPECT_EQ(params.top_k, 0);
  EXPECT_EQ(params.top_p, 1);
  EXPECT_EQ(params.repetition_penalty, 1.05f) << "a penalty is no filter";
  EXPECT_EQ(Resolve({OwnSettings({})}).repetition_penalty, 1) << "0: not said";
}

TEST(SamplingParamsTest, TheDefaultIsGreedyAndFine) {
  LATHE_EXPECT_OK(CheckSampling({}, 10));
  EXPECT_EQ(SamplingText({}), "greedy");
}

// Each limit: a value just inside passes, one just outside is named with its range.
struct Limit {
  void (*set)(SamplingParams& params, double value);
  double inside;
  double outside;
  const char* message;
};

TEST(SamplingParamsTest, EachFieldHasItsRange) {
  const Limit limits[] = {
      {[](SamplingParams& p, double v) { p.temperature = static_cast<float>(v); }, 0, -0.5,
       "temperature is -0.5, expected 0 to 100"},
      {[](SamplingParams& p, double v) { p.temperature = static_cast<float>(v); }, 100, 101,
       "temperature is 101, expected 0 to 100"},
      {[](SamplingParams& p, double v) { p.top_k = static_cast<int64_t>(v); }, 0, -1,
       "top_k is -1, expected 0 to 2147483647"},
      {[](SamplingParams& p, double v) { p.top_p = static_cast<float>(v); }, 1, 1.5,
       "top_p is 1.5, expected 0 to 1"},
      {[](SamplingParams& p, double v) { p.min_p = static_cast<float>(v); }, 0, -0.25,
       "min_p is -0.25, expected 0 to 1"},
      {[](SamplingParams& p, double v) { p.repetition_penalty = static_cast<float>(v); }, 0.5, 0,
       "repetition_penalty is 0, expected 0.01 to 100"},
      {[](SamplingParams& p, double v) { p.frequency_penalty = static_cast<float>(v); }, -2, -3,
       "frequency_penalty is -3, expected -2 to 2"},
      {[](SamplingParams& p, double v) { p.presence_penalty = static_cast<float>(v); }, 2, 2.5,
       "presence_penalty is 2.5, expected -2 to 2"},
      {[](SamplingParams& p, double v) { p.min_tokens = static_cast<int64_t>(v); }, 5, -1,
       "min_tokens is -1, expected 0 to 2147483647"},
      {[](SamplingParams& p, double v) { p.num_logprobs = static_cast<int64_t>(v); }, 20, 21,
       "num_logprobs is 21, expected 0 to 20"},
      {[](SamplingParams& p, double v) {
         p.logit_bias = {{3, static_cast<float>(v)}};
       },
       100, 101, "logit_bias of id 3 is 101, expected -100 to 100"},
      {[](SamplingParams& p, double v) {
         p.logit_bias = {{0, 1}, {static_cast<int32_t>(v), 1}};
       },
       9, 10, "logit_bias[1] is 10, but the model's ids go from 0 to 9"},
      {[](SamplingParams& p, double v) { p.allowed_ids = {static_cast<int32_t>(v)}; }, 0, -1,
       "allowed_ids[0] is -1, but the model's ids go from 0 to 9"},
      {[](SamplingParams& p, double v) {
         p.forbidden_ids = {1, static_cast<int32_t>(v)};
       },
       9, 10, "forbidden_ids[1] is 10, but the model's ids go from 0 to 9"},
  };
  for (const Limit& limit : limits) {
    SamplingParams params;
    limit.set(params, limit.inside);
    LATHE_EXPECT_OK(CheckSampling(params, 10));
    limit.set(params, limit.outside);
    EXPECT_THAT(CheckSampling(params, 10),
                StatusIs(absl::StatusCode::kInvalidArgument, limit.message));
  }
}

TEST(SamplingParamsTest, WhatIsNoNumberIsOutsideOfEveryRange) {
  SamplingParams params;
  params.top_p = std::numeric_limits<float>::quiet_NaN();
  EXPECT_THAT(CheckSampling(params, 10),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("top_p is nan")));
}

TEST(SamplingParamsTest, AVocabularyBeyondTheWeightsIsRefused) {
  EXPECT_THAT(CheckSampling({}, (1 << 23) + 1),
              StatusIs(absl::StatusCode::kUnimplemented, HasSubstr("8388609 ids")));
}

TEST(SamplingParamsTest, TheTextNamesWhatIsNotNeutral) {
  SamplingParams params = Resolve({OwnSettings(Published())});
  params.seed = 7;
  EXPECT_EQ(SamplingText(params),
            "temperature 0.6, top_k 20, top_p 0.95, repetition_penalty 1.05, seed 7");
  params.temperature = 0;
  params.logit_bias = {{1, 2}};
  params.min_tokens = 3;
  EXPECT_EQ(SamplingText(params), "greedy, repetition_penalty 1.05, min_tokens 3, biased ids 1");
}

}  // namespace
}  // namespace lathe
