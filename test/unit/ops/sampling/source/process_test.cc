#include "ops/sampling/source/process.h"

#include <limits>
#include <vector>

#include "gmock/gmock.h"

namespace lathe::sampling {
namespace {

using ::testing::ElementsAre;

std::vector<float> Processed(const Processing& processing, const std::vector<float>& logits,
                             const History& history = {}) {
  std::vector<float> scores(logits.size());
  EXPECT_EQ(Process(processing, history, logits.data(), static_cast<int32_t>(logits.size()),
                    scores.data()),
            -1);
  return scores;
}

TEST(ProcessTest, NeutralSettingsChangeNothing) {
  const UsedId used[] = {{0, 2}, {1, 0}};
  EXPECT_THAT(Processed({}, {1, -2, 3}, {used, 2, true}), ElementsAre(1, -2, 3));
}

TEST(ProcessTest, MasksForbid) {
  const int32_t allowed[] = {-1, 1, 1, 3, 9};
  const int32_t forbidden[] = {3, 77, -5};
  EXPECT_THAT(Processed({.has_allowed = true, .allowed = {allowed, 5}}, {1, 2, 3, 4, 5}),
              ElementsAre(-kInfinity, 2, -kInfinity, 4, -kInfinity));
  EXPECT_THAT(Processed({.forbidden = {forbidden, 3}}, {1, 2, 3, 4}),
              ElementsAre(1, 2, 3, -kInfinity));
  EXPECT_THAT(Processed({.has_allowed = true, .allowed = {allowed, 5}, .forbidden = {forbidden, 3}},
                        {1, 2, 3, 4, 5}),
              ElementsAre(-kInfinity, 2, -kInfinity, -kInfinity, -kInfinity));
  EXPECT_THAT(Processed({.has_allowed = true}, {1, 2}), ElementsAre(-kInfinity, -kInfinity));
}

TEST(ProcessTest, StopsAreForbiddenUntilTheTextMayEnd) {
  const int32_t stops[] = {0, 2};
  const Processing processing{.stops = {stops, 2}};
  EXPECT_THAT(Processed(processing, {1, 2, 3}, {.may_stop = false}),
              ElementsAre(-kInfinity, 2, -kInfinity));
  EXPECT_THAT(Processed(processing, {1, 2, 3}, {.may_stop = true}), ElementsAre(1, 2, 3));
}

TEST(ProcessTest, BiasesAddUpAndDoNotLiftMasks) {
  const Bias biases[] = {{0, 2}, {0, 1}, {1, -4}, {2, 50}, {9, 1}, {-1, 1}};
  const int32_t forbidden[] = {2};
  EXPECT_THAT(
      Processed({.forbidden = {forbidden, 1}, .biases = biases, .num_biases = 6}, {1, 2, 3}),
      ElementsAre(4, -2, -kInfinity));
}

TEST(ProcessTest, RepetitionPenaltyMovesBothSignsDown) {
  const UsedId used[] = {{0, 0}, {1, 3}, {3, 1}, {9, 1}};
  EXPECT_THAT(Processed({.repetition_penalty = 2}, {4, -4, 4, 0}, {used, 4, true}),
              ElementsAre(2, -8, 4, 0));
}

TEST(ProcessTest, FrequencyAndPresenceCountTheOutputAlone) {
  const UsedId used[] = {{0, 0}, {1, 3}, {2, 1}};
  EXPECT_THAT(Processed({.frequency_penalty = 0.5f}, {4, 4, 4, 4}, {used, 3, true}),
              ElementsAre(4, 2.5f, 3.5f, 4));
  EXPECT_THAT(Processed({.presence_penalty = 1.5f}, {4, 4, 4, 4}, {used, 3, true}),
              ElementsAre(4, 2.5f, 2.5f, 4));
}

TEST(ProcessTest, TheOrderIsBiasThenRepetitionThenFrequencyThenPresence) {
  const Bias biases[] = {{0, -3}};
  const UsedId used[] = {{0, 2}};
  // (2 - 3) * 2 - 0.25 * 2 - 1; a penalty before the bias would give another number.
  EXPECT_THAT(Processed({.biases = biases,
                         .num_biases = 1,
                         .repetition_penalty = 2,
                         .frequency_penalty = 0.25f,
                         .presence_penalty = 1},
                        {2}, {used, 1, true}),
              ElementsAre(-3.5f));
}

TEST(ProcessTest, NamesTheFirstLogitThatIsNoNumber) {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const std::vector<float> logits = {1, kInfinity, nan, 2, nan};
  std::vector<float> scores(5);
  EXPECT_EQ(Process({}, {}, logits.data(), 5, scores.data()), 2);
  EXPECT_EQ(Process({}, {}, logits.data(), 2, scores.data()), -1);
}

}  // namespace
}  // namespace lathe::sampling
