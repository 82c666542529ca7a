#include "runtime/generate/sampling_rows.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace lathe {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

// What ChooseRow reads of the arrays is what was added.
TEST(SamplingRowsTest, RowsAreReadAsTheyWereAdded) {
  const int32_t ids[] = {3, 1, 4, 1, 5};
  const float values[] = {2, 7, 1, 8, 2};
  SamplingRows rows;
  rows.AddGreedy();
  rows.Add({.allowed = {ids, 2}, .biases = {ids + 2, values, 3}}, {.top_k = 9}, 1);
  rows.Add(
      {.forbidden = {ids + 1, 2},
       .used = {ids, values + 3, 1},
       .repetition_penalty = 1.5f,
       .frequency_penalty = 0.5f,
       .presence_penalty = -0.25f},
      {.temperature = 0.7f, .top_k = 20, .top_p = 0.9f, .min_p = 0.1f, .seed = 0xfedcba9876543210u},
      uint64_t{1} << 40 | 5);
  EXPECT_EQ(rows.num_rows(), 3);
  const sampling::StepRows arrays{.logits = nullptr,
                                  .greedy_ids = nullptr,
                                  .limits = nullptr,
                                  .settings = rows.settings().data(),
                                  .numbers = rows.numbers().data(),
                                  .list_ids = rows.list_ids().data(),
                                  .list_values = rows.list_values().data()};
  const sampling::Processing second = sampling::ProcessingOf(arrays, 1);
  EXPECT_THAT(absl::MakeSpan(second.allowed.ids, 2), ElementsAre(3, 1));
  EXPECT_EQ(second.allowed.count, 2);
  EXPECT_EQ(second.forbidden.count, 0);
  ASSERT_EQ(second.biases.count, 3);
  EXPECT_THAT(absl::MakeSpan(second.biases.ids, 3), ElementsAre(4, 1, 5));
  EXPECT_THAT(absl::MakeSpan(second.biases.values, 3), ElementsAre(2, 7, 1));
  EXPECT_EQ(second.used.count, 0);
  EXPECT_EQ(rows.numbers()[sampling::kNumNumbers + sampling::kTopK], 9);

  const sampling::Processing third = sampling::ProcessingOf(arrays, 2);
  EXPECT_EQ(third.allowed.count, 0);
  EXPECT_THAT(absl::MakeSpan(third.forbidden.ids, 2), ElementsAre(1, 4));
  ASSERT_EQ(third.used.count, 1);
  EXPECT_EQ(third.used.ids[0], 3);
  EXPECT_EQ(third.used.values[0], 8);
  EXPECT_EQ(third.repetition_penalty, 1.5f);
  EXPECT_EQ(third.frequency_penalty, 0.5f);
  EXPECT_EQ(third.presence_penalty, -0.25f);
  const float* settings = rows.settings().data() + 2 * sampling::kNumSettings;
  EXPECT_THAT(absl::MakeSpan(settings, 3), ElementsAre(0.7f, 0.9f, 0.1f));
  const int32_t* numbers = rows.numbers().data() + 2 * sampling::kNumNumbers;
  EXPECT_EQ(sampling::Joined(numbers + sampling::kSeed), 0xfedcba9876543210u);
  EXPECT_EQ(sampling::Joined(numbers + sampling::kPosition), uint64_t{1} << 40 | 5);
}

TEST(SamplingRowsTest, ClearForgetsAll) {
  const int32_t ids[] = {3};
  SamplingRows rows;
  rows.Add({.forbidden = {ids, 1}}, {}, 0);
  rows.Clear();
  EXPECT_EQ(rows.num_rows(), 0);
  EXPECT_THAT(rows.list_ids(), IsEmpty());
  rows.AddGreedy();
  EXPECT_EQ(rows.settings()[sampling::kTemperature], sampling::kLeaveRow);
  EXPECT_THAT(rows.list_values(), IsEmpty());
}

}  // namespace
}  // namespace lathe
