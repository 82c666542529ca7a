#include "runtime/generate/request_check.h"

#include "test/support/status_matchers.h"

namespace lathe {
namespace {

using ::lathe::testing::StatusIs;
using ::testing::HasSubstr;

constexpr RequestLimits kLimits = {.vocab_size = 40, .context = 10, .max_context = 10};

TEST(RequestCheckTest, WhatFitsIsRight) {
  LATHE_EXPECT_OK(
      CheckRequest({.prompt = {0, 39}, .max_new_tokens = 8, .pieces = {1, 1}}, kLimits));
  LATHE_EXPECT_OK(
      CheckRequest({.prompt = std::vector<int32_t>(10, 1), .max_new_tokens = 0}, kLimits));
}

TEST(RequestCheckTest, WhatDoesNotIsRefusedWithItsNumbers) {
  auto refused = [](const Request& request, const char* message) {
    EXPECT_THAT(CheckRequest(request, kLimits),
                StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr(message)));
  };
  refused({}, "the prompt is empty");
  refused({.prompt = {40}}, "prompt_ids[0] is 40");
  refused({.prompt = {1}, .stop_ids = {-1}}, "stop_ids[0] is -1");
  refused({.prompt = {1}, .max_new_tokens = 3, .sampling = {.min_tokens = 4}},
          "min_tokens is 4, but max_new_tokens is 3");
  refused({.prompt = {1}, .max_new_tokens = 10}, "lower --max-new-tokens");
  refused({.prompt = {1, 2}, .pieces = {3}}, "pieces[0] is 3, but 2 tokens");
}

TEST(RequestCheckTest, AGreedyModelChoosesTheLikeliestOnly) {
  RequestLimits limits = kLimits;
  limits.is_greedy = true;
  LATHE_EXPECT_OK(
      CheckRequest({.prompt = {1}, .sampling = {.seed = 7, .num_logprobs = 2}}, limits));
  const SamplingParams others[] = {{.forbidden_ids = {3}},
                                   {.min_tokens = 1},
                                   {.logit_bias = {{3, 1.0f}}},
                                   {.repetition_penalty = 1.1f},
                                   {.temperature = 0.7f}};
  for (const SamplingParams& sampling : others) {
    LATHE_EXPECT_OK(CheckRequest({.prompt = {1}, .sampling = sampling}, kLimits));
    EXPECT_THAT(CheckRequest({.prompt = {1}, .sampling = sampling}, limits),
                StatusIs(absl::StatusCode::kFailedPrecondition,
                         HasSubstr("--temperature=0), or compile it again")))
        << SamplingText(sampling);
  }
}

}  // namespace
}  // namespace lathe
