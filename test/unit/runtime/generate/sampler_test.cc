#include "runtime/generate/sampler.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <set>
#include <vector>

#include "test/support/status_matchers.h"

namespace lathe {
namespace {

using ::lathe::testing::StatusIs;
using ::testing::AllOf;
using ::testing::HasSubstr;

constexpr float kInfinity = std::numeric_limits<float>::infinity();
constexpr int32_t kFirstIds[] = {0, 1};
constexpr float kNan = std::numeric_limits<float>::quiet_NaN();

// As the model chooses it without a request.
int32_t GreedyId(const std::vector<float>& logits) {
  auto is_less = [](float a, float b) { return (std::isnan(a) ? -kInfinity : a) < b; };
  const auto best = std::max_element(logits.begin(), logits.end(), is_less);
  return *best > -kInfinity ? static_cast<int32_t>(best - logits.begin()) : -1;
}

// What the model makes of the row that the sampler asks for, the second one of a step.
int32_t NextId(const Sampler& sampler, const std::vector<float>& logits) {
  SamplingRows rows;
  rows.Add({.allowed = {&kFirstIds[0], 2}}, {}, 0);
  sampler.AddRow(rows);
  const auto columns = static_cast<int32_t>(logits.size());
  std::vector<float> both = logits;
  both.insert(both.end(), logits.begin(), logits.end());
  const int32_t greedy_ids[] = {0, GreedyId(logits)};
  const int32_t limits[] = {columns, columns};
  std::vector<float> scores(logits.size());
  std::vector<sampling::Candidate> candidates(logits.size());
  return sampling::ChooseRow(
      {both.data(), greedy_ids, limits, rows.settings().data(), rows.numbers().data(),
       rows.list_ids().data(), rows.list_values().data()},
      1, columns, {scores.data(), candidates.data()});
}

TEST(SamplerDeathTest, AnIdWithoutALogitIsABug) {
  const Sampler sampler({}, {}, {1});
  EXPECT_DEATH(sampler.Take(3, std::vector<float>(3, 1.0f)).IgnoreError(), "id 3 of 3 logits");
}

class RequestSamplerTest : public ::testing::Test {
 protected:
  int32_t Chosen(const Sampler& sampler, const std::vector<float>& logits) {
    return Next(sampler, logits).id;
  }
  ChosenToken Next(const Sampler& sampler, const std::vector<float>& logits) {
    absl::StatusOr<ChosenToken> chosen = sampler.Take(NextId(sampler, logits), logits);
    EXPECT_TRUE(chosen.ok()) << chosen.status();
    return chosen.value_or(ChosenToken{.id = -1});
  }
  // The error of a first token.
  absl::Status Refused(const SamplingParams& params, const std::vector<float>& logits) {
    const std::vector<int32_t> stop_ids = {0};
    const Sampler sampler(params, stop_ids, {1, 1});
    return sampler.Take(NextId(sampler, logits), logits).status();
  }
};

TEST_F(RequestSamplerTest, GreedyUnlessAskedOtherwise) {
  Sampler sampler({}, {}, {1});
  EXPECT_EQ(Chosen(sampler, {1, 3, 3}), 1);
  LATHE_ASSERT_OK_AND_ASSIGN(const ChosenToken chosen, sampler.Take(2, {1, 3, 3}));
  EXPECT_EQ(chosen.id, 2) << "the model's choice is not looked at again";
  SamplingRows rows;
  sampler.AddRow(rows);
  EXPECT_EQ(rows.settings()[sampling::kTemperature], sampling::kLeaveRow);
}

TEST_F(RequestSamplerTest, IdsWithoutALogitAreNeverChosen) {
  for (float temperature : {0.0f, 5.0f}) {
    for (uint64_t seed = 0; seed < 30; ++seed) {
      Sampler sampler({.logit_bias = {{3, 100}}, .temperature = temperature, .seed = seed}, {},
                      {3});
      EXPECT_LT(Chosen(sampler, {1, 2}), 2);
    }
  }
}

TEST_F(RequestSamplerTest, PenaltiesFollowTheHistory) {
  // Prompt 0; each token makes itself less likely, so that greedy choices go around.
  Sampler presence({.presence_penalty = 2}, {}, {0});
  std::vector<int32_t> ids;
  for (int i = 0; i < 3; ++i) {
    ids.push_back(Chosen(presence, {3, 2.5f, 2}));
    presence.Add(ids.back());
  }
  EXPECT_EQ(ids, (std::vector<int32_t>{0, 1, 2})) << "the prompt does not count";
  Sampler frequency({.frequency_penalty = 1}, {}, {0});
  ids.clear();
  for (int i = 0; i < 4; ++i) {
    ids.push_back(Chosen(frequency, {3, 1.5f}));
    frequency.Add(ids.back());
  }
  EXPECT_EQ(ids, (std::vector<int32_t>{0, 0, 1, 0})) << "1.5 beats 3 - 2, then 3 - 2 beats 0.5";
  Sampler repetition({.repetition_penalty = 2}, {}, {0});
  EXPECT_EQ(Chosen(repetition, {3, 2}), 1) << "the prompt counts";
}

TEST_F(RequestSamplerTest, NoStopIdBeforeMinTokens) {
  const std::vector<int32_t> stop_ids = {0, 2};
  Sampler sampler({.min_tokens = 2}, stop_ids, {5});
  for (int32_t expected : {1, 1, 2}) {
    const int32_t id = Chosen(sampler, {3, 1, 4});
    EXPECT_EQ(id, expected);
    sampler.Add(id);
  }
}

TEST_F(RequestSamplerTest, AllowedIdsMayComeInAnyOrder) {
  Sampler sampler({.allowed_ids = {3, 0, 2, 0}, .forbidden_ids = {3}}, {}, {1});
  EXPECT_EQ(Chosen(sampler, {1, 9, 2, 8}), 2);
}

TEST_F(RequestSamplerTest, ASeedAndAPositionDecide) {
  const std::vector<float> logits(64, 0.0f);
  auto choose = [&](uint64_t seed, size_t num_prompt) {
    Sampler sampler({.temperature = 1, .seed = seed}, {}, std::vector<int32_t>(num_prompt, 1));
    return Chosen(sampler, logits);
  };
  EXPECT_EQ(choose(1, 5), choose(1, 5));
  // A text goes on as it would have: what was output before is now prompt.
  Sampler longer({.temperature = 1, .seed = 1}, {}, {1, 1, 1});
  longer.Add(1);
  longer.Add(1);
  EXPECT_EQ(Chosen(longer, logits), choose(1, 5));
  std::set<int32_t> others;
  for (uint64_t seed = 0; seed < 20; ++seed) others.insert(choose(seed, 5));
  EXPECT_GT(others.size(), 10u);
}

TEST_F(RequestSamplerTest, LogprobsAreThoseOfTheModel) {
  Sampler sampler({.logit_bias = {{1, 50}}, .temperature = 0.01f, .num_logprobs = 2}, {}, {0});
  const ChosenToken chosen = Next(sampler, {2, 0, 1});
  EXPECT_EQ(chosen.id, 1) << "by its bias";
  const double total = std::exp(2.0) + 1 + std::exp(1.0);
  EXPECT_NEAR(chosen.logprobs->chosen, -std::log(total), 1e-6);
  ASSERT_EQ(chosen.logprobs->likeliest.size(), 2u);
  EXPECT_EQ(chosen.logprobs->likeliest[0].id, 0);
  EXPECT_NEAR(chosen.logprobs->likeliest[0].value, 2 - std::log(total), 1e-6);
  EXPECT_EQ(chosen.logprobs->likeliest[1].id, 2);

  Sampler alone({.num_logprobs = 0}, {}, {0});
  EXPECT_TRUE(Next(alone, {2, 0, 1}).logprobs->likeliest.empty());
  Sampler unasked({}, {}, {0});
  EXPECT_EQ(Next(unasked, {2, 0, 1}).logprobs, std::nullopt);
}

TEST_F(RequestSamplerTest, MasksThatLeaveNothingAreTheRequestsFault) {
  const std::vector<float> logits = {1, 2};
  for (const SamplingParams& params :
       {SamplingParams{.forbidden_ids = {0, 1}}, SamplingParams{.allowed_ids = {7}},
        SamplingParams{.forbidden_ids = {1}, .min_tokens = 1, .temperature = 1}}) {
    EXPECT_THAT(Refused(params, logits),
                StatusIs(absl::StatusCode::kInvalidArgument,
                         HasSubstr("no id may follow position 1: allowed_ids, forbidden_ids")));
  }
}

TEST_F(RequestSamplerTest, LogitsThatAreNoNumbersAreTheModelsFault) {
  EXPECT_THAT(Refused({.temperature = 1}, {1, kNan}),
              StatusIs(absl::StatusCode::kDataLoss,
                       AllOf(HasSubstr("the logit of id 1 at position 1 is not a number"),
                             HasSubstr("`lathe check`"))));
  for (float temperature : {0.0f, 1.0f}) {
    EXPECT_THAT(Refused({.temperature = temperature}, {-kInfinity, -kInfinity}),
                StatusIs(absl::StatusCode::kDataLoss,
                         HasSubstr("no logit at position 1 is a number above minus infinity")));
  }
}

}  // namespace
}  // namespace lathe
