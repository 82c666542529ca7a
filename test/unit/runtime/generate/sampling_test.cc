// Requests that are sampled, through the generator: what a request gets depends on itself alone.
#include <algorithm>
#include <random>

#include "runtime/generate/generator.h"
#include "test/support/status_matchers.h"
#include "test/unit/runtime/generate/fake_model.h"

namespace lathe {
namespace {

using ::lathe::testing::FakeManifest;
using ::lathe::testing::FakeModel;
using ::lathe::testing::FakeModelOptions;
using ::lathe::testing::StatusIs;
using ::testing::Each;
using ::testing::HasSubstr;
using ::testing::Le;

class SamplingTest : public ::testing::Test {
 protected:
  Generator Make(const GeneratorOptions& options = {}) {
    absl::StatusOr<Generator> generator =
        Generator::Create(FakeManifest(model_), std::make_unique<FakeModel>(model_), options);
    EXPECT_TRUE(generator.ok()) << generator.status();
    return std::move(generator).value();
  }

  Result Alone(const Request& request) {
    Generator generator = Make();
    absl::StatusOr<int64_t> id = generator.Submit(request);
    EXPECT_TRUE(id.ok()) << id.status();
    EXPECT_TRUE(generator.RunAll().ok());
    return *generator.Take(id.value_or(0));
  }

  absl::Status Refused(Request request) { return Make().Submit(std::move(request)).status(); }

  // Logits of the fake model are spread over 256: at this temperature several ids are likely.
  static constexpr float kWarm = 30;
  FakeModelOptions model_;
};

TEST_F(SamplingTest, SeedsGiveTextsAndTheSameSeedTheSame) {
  const Request request{.prompt = {1, 2, 3}, .max_new_tokens = 40};
  Request seeded = request;
  seeded.sampling = {.temperature = kWarm, .seed = 5};
  Request other = request;
  other.sampling = {.temperature = kWarm, .seed = 6};
  const std::vector<int32_t> tokens = Alone(seeded).tokens;
  EXPECT_EQ(Alone(seeded).tokens, tokens);
  EXPECT_NE(Alone(other).tokens, tokens);
  EXPECT_NE(Alone(request).tokens, tokens);
  EXPECT_THAT(tokens, Each(Le(36))) << "ids without a token are never drawn";
}

// Thirty requests of all kinds at once, few at a time, give what each gives alone.
TEST_F(SamplingTest, BatchesEqualSingleRuns) {
  std::mt19937 random(21);
  std::vector<Request> requests;
  for (uint64_t i = 0; i < 30; ++i) {
    Request request{.prompt = std::vector<int32_t>(1 + random() % 150),
                    .max_new_tokens = 1 + random() % 50,
                    .stop_ids = {static_cast<int32_t>(random() % 37)}};
    for (int32_t& id : request.prompt) id = static_cast<int32_t>(random() % 40);
    SamplingParams& sampling = request.sampling;
    sampling.temperature = i % 4 == 0 ? 0 : kWarm;
    sampling.top_k = i % 3 == 0 ? 10 : 0;
    sampling.top_p = i % 2 == 0 ? 0.9f : 1;
    sampling.min_p = i % 5 == 0 ? 0.05f : 0;
    sampling.repetition_penalty = i % 3 == 1 ? 1.1f : 1;
    sampling.presence_penalty = i % 4 == 1 ? 1.5f : 0;
    sampling.min_tokens = static_cast<int64_t>(
        std::min<uint64_t>(i % 7, static_cast<uint64_t>(*request.max_new_tokens)));
    sampling.seed = i / 2;
    if (i % 6 == 0) sampling.num_logprobs = 3;
    requests.push_back(std::move(request));
  }
  Generator generator = Make({.max_sequences = 4, .step_rows = 64});
  std::vector<int64_t> ids;
  for (const Request& request : requests) {
    LATHE_ASSERT_OK_AND_ASSIGN(ids.emplace_back(), generator.Submit(request));
  }
  LATHE_ASSERT_OK(generator.RunAll());
  for (size_t i = 0; i < requests.size(); ++i) {
    const Result got = *generator.Take(ids[i]);
    const Result expected = Alone(requests[i]);
    LATHE_EXPECT_OK(got.status);
    EXPECT_EQ(got.tokens, expected.tokens) << i;
    EXPECT_EQ(got.reason, expected.reason) << i;
    ASSERT_EQ(got.logprobs.size(), i % 6 == 0 ? got.tokens.size() : 0u);
    for (size_t t = 0; t < got.logprobs.size(); ++t)
      EXPECT_EQ(got.logprobs[t].chosen, expected.logprobs[t].chosen);
  }
}

TEST_F(SamplingTest, ATextGoesOnAsItWouldHave) {
  Request whole{.prompt = {4, 5}, .max_new_tokens = 30};
  whole.sampling = {.temperature = kWarm, .top_p = 0.8f, .seed = 9};
  const std::vector<int32_t> tokens = Alone(whole).tokens;
  Request rest = whole;
  rest.prompt.insert(rest.prompt.end(), tokens.begin(), tokens.begin() + 12);
  rest.max_new_tokens = 18;
  EXPECT_EQ(Alone(rest).tokens, std::vector<int32_t>(tokens.begin() + 12, tokens.end()));
}

TEST_F(SamplingTest, MinTokensPutsTheEndOff) {
  Request request{.prompt = {7}, .max_new_tokens = 60};
  const std::vector<int32_t> free = Alone(request).tokens;
  request.stop_ids = {free[2]};
  EXPECT_LE(Alone(request).tokens.size(), 2u);
  request.sampling.min_tokens = 10;
  const Result result = Alone(request);
  EXPECT_GE(result.tokens.size(), 10u);
  EXPECT_EQ(std::count(result.tokens.begin(), result.tokens.begin() + 10, free[2]), 0);
}

TEST_F(SamplingTest, LogprobsOfGreedyTokensAreTheLargest) {
  Request request{.prompt = {7}, .max_new_tokens = 3};
  request.sampling.num_logprobs = 5;
  const Result result = Alone(request);
  ASSERT_EQ(result.logprobs.size(), 3u);
  for (size_t i = 0; i < 3; ++i) {
    ASSERT_EQ(result.logprobs[i].likeliest.size(), 5u);
    EXPECT_EQ(result.logprobs[i].likeliest[0].id, result.tokens[i]);
    EXPECT_EQ(result.logprobs[i].likeliest[0].value, result.logprobs[i].chosen);
  }
}

TEST_F(SamplingTest, RequestsThatCannotBeSampledAreRefused) {
  Request request{.prompt = {1}, .max_new_tokens = 3};
  request.sampling.temperature = -1;
  EXPECT_THAT(Refused(request), StatusIs(absl::StatusCode::kInvalidArgument,
                                         HasSubstr("temperature is -1, expected 0 to 100")));
  request.sampling = {.forbidden_ids = {40}};
  EXPECT_THAT(Refused(request),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("forbidden_ids[0] is 40")));
  request.sampling = {.min_tokens = 4};
  EXPECT_THAT(Refused(request), StatusIs(absl::StatusCode::kInvalidArgument,
                                         HasSubstr("min_tokens is 4, but max_new_tokens is 3")));
}

TEST_F(SamplingTest, NothingLeftToChooseFailsTheRequestAlone) {
  Generator generator = Make();
  Request masked{.prompt = {1}, .max_new_tokens = 3};
  masked.sampling.allowed_ids = {38};  // an id without a token
  LATHE_ASSERT_OK_AND_ASSIGN(const int64_t bad, generator.Submit(masked));
  LATHE_ASSERT_OK_AND_ASSIGN(const int64_t good,
                             generator.Submit({.prompt = {1}, .max_new_tokens = 3}));
  LATHE_ASSERT_OK(generator.RunAll());
  const Result failed = *generator.Take(bad);
  EXPECT_EQ(failed.reason, FinishReason::kFailed);
  EXPECT_THAT(failed.status, StatusIs(absl::StatusCode::kInvalidArgument,
                                      HasSubstr("no id may follow position 0")));
  EXPECT_EQ(generator.Take(good)->tokens.size(), 3u);
}

}  // namespace
}  // namespace lathe
