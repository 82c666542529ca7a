#include "ops/sampling/source/process.h"

#include <initializer_list>
#include <limits>
#include <utility>
#include <vector>

#include "gmock/gmock.h"

namespace lathe::sampling {
namespace {

using ::testing::ElementsAre;

// Ids with numbers, as a list of the source.
struct Pairs {
  Pairs(std::initializer_list<std::pair<int32_t, float>> pairs) {
    for (const auto& [id, value] : pairs) {
      ids.push_back(id);
      values.push_back(value);
    }
  }
  ValueList list() const { return {ids.data(), values.data(), static_cast<int32_t>(ids.size())}; }

  std::vector<int32_t> ids;
  std::vector<float> values;
};

std::vector<float> Processed(const Processing& processing, const std::vector<float>& logits) {
  std::vector<float> scores(logits.size());
  EXPECT_EQ(Process(processing, logits.data(), static_cast<int32_t>(logits.size()), scores.data()),
            -1);
  return scores;
}

TEST(ProcessTest, NeutralSettingsChangeNothing) {
  const Pairs used = {{0, 2}, {1, 0}};
  EXPECT_THAT(Processed({.used = used.list()}, {1, -2, 3}), ElementsAre(1, -2, 3));
}

TEST(ProcessTest, MasksForbid) {
  const int32_t allowed[] = {-1, 1, 1, 3, 9};
  const int32_t forbidden[] = {3, 77, -5};
  EXPECT_THAT(Processed({.allowed = {allowed, 5}}, {1, 2, 3, 4, 5}),
              ElementsAre(-kInfinity, 2, -kInfinity, 4, -kInfinity));
  EXPECT_THAT(Processed({.forbidden = {forbidden, 3}}, {1, 2, 3, 4}),
              ElementsAre(1, 2, 3, -kInfinity));
  EXPECT_THAT(Processed({.allowed = {allowed, 5}, .forbidden = {forbidden, 3}}, {1, 2, 3, 4, 5}),
              ElementsAre(-kInfinity, 2, -kInfinity, -kInfinity, -kInfinity));
  EXPECT_THAT(Processed({.allowed = {allowed + 4, 1}}, {1, 2}), ElementsAre(-kInfinity, -kInfinity))
      << "an id that no row has allows none";
}

TEST(ProcessTest, BiasesAddUpAndDoNotLiftMasks) {
  const Pairs biases = {{0, 2}, {0, 1}, {1, -4}, {2, 50}, {9, 1}, {-1, 1}};
  const int32_t forbidden[] = {2};
  EXPECT_THAT(Processed({.forbidden = {forbidden, 1}, .biases = biases.list()}, {1, 2, 3}),
              ElementsAre(4, -2, -kInfinity));
}

TEST(ProcessTest, RepetitionPenaltyMovesBothSignsDown) {
  const Pairs used = {{0, 0}, {1, 3}, {3, 1}, {9, 1}};
  EXPECT_THAT(Processed({.used = used.list(), .repetition_penalty = 2}, {4, -4, 4, 0}),
              ElementsAre(2, -8, 4, 0));
}

TEST(ProcessTest, FrequencyAndPresenceCountTheOutputAlone) {
  const Pairs used = {{0, 0}, {1, 3}, {2, 1}};
  EXPECT_THAT(Processed({.used = used.list(), .frequency_penalty = 0.5f}, {4, 4, 4, 4}),
              ElementsAre(4, 2.5f, 3.5f, 4));
  EXPECT_THAT(Processed({.used = used.list(), .presence_penalty = 1.5f}, {4, 4, 4, 4}),
              ElementsAre(4, 2.5f, 2.5f, 4));
}

TEST(ProcessTest, TheOrderIsBiasThenRepetitionThenFrequencyThenPresence) {
  const Pairs biases = {{0, -3}};
  const Pairs used = {{0, 2}};
  // (2 - 3) * 2 - 0.25 * 2 - 1; a penalty before the bias would give another number.
  EXPECT_THAT(Processed({.biases = biases.list(),
                         .used = used.list(),
                         .repetition_penalty = 2,
                         .frequency_penalty = 0.25f,
                         .presence_penalty = 1},
                        {2}),
              ElementsAre(-3.5f));
}

TEST(ProcessTest, NamesTheFirstLogitThatIsNoNumber) {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const std::vector<float> logits = {1, kInfinity, nan, 2, nan};
  std::vector<float> scores(5);
  EXPECT_EQ(Process({}, logits.data(), 5, scores.data()), 2);
  EXPECT_EQ(Process({}, logits.data(), 2, scores.data()), -1);
}

}  // namespace
}  // namespace lathe::sampling
