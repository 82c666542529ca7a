#include "ops/sampling/source/choose_row.h"

#include <limits>
#include <vector>

#include "gtest/gtest.h"

namespace lathe::sampling {
namespace {

constexpr int32_t kColumns = 4;

// Three rows of which the middle one is set by the tests; the others forbid an id each, so that
// lists that lie elsewhere change the choice.
class ChooseRowTest : public ::testing::Test {
 protected:
  ChooseRowTest() : settings_(3 * kNumSettings), numbers_(3 * kNumNumbers) {
    for (int64_t row = 0; row < 3; ++row) {
      setting(row, kTopP) = 1;
      setting(row, kRepetitionPenalty) = 1;
    }
  }

  float& setting(int64_t row, Setting column) {
    return settings_[static_cast<size_t>(row * kNumSettings + column)];
  }
  int32_t& number(int64_t row, int column) {
    return numbers_[static_cast<size_t>(row * kNumNumbers + column)];
  }

  struct Lists {
    std::vector<int32_t> allowed = {};
    std::vector<int32_t> forbidden = {};
    std::vector<int32_t> biased = {};
    std::vector<int32_t> used = {};
  };
  // Every value is `value`.
  void SetLists(const std::vector<Lists>& rows, float value) {
    list_ids_.clear();
    for (size_t row = 0; row < rows.size(); ++row) {
      int column = kAllowedEnd;
      for (const auto* list :
           {&rows[row].allowed, &rows[row].forbidden, &rows[row].biased, &rows[row].used}) {
        list_ids_.insert(list_ids_.end(), list->begin(), list->end());
        number(static_cast<int64_t>(row), column++) = static_cast<int32_t>(list_ids_.size());
      }
    }
    list_values_.assign(list_ids_.size(), value);
  }

  int32_t Choose(int64_t row = 1) {
    std::vector<float> scores(kColumns);
    std::vector<Candidate> candidates(kColumns);
    const StepRows rows{logits_.data(),  greedy_ids_.data(), limits_.data(),     settings_.data(),
                        numbers_.data(), list_ids_.data(),   list_values_.data()};
    return ChooseRow(rows, row, kColumns, {scores.data(), candidates.data()});
  }

  std::vector<float> logits_ = {4, 3, 2, 1, 1, 2, 3, 4, 1, 4, 2, 3};
  std::vector<int32_t> greedy_ids_ = {77, 78, 79};
  std::vector<int32_t> limits_ = {4, 4, 4};
  std::vector<float> settings_;
  std::vector<int32_t> numbers_;
  std::vector<int32_t> list_ids_;
  std::vector<float> list_values_;
};

TEST_F(ChooseRowTest, EachRowReadsItsOwnLogits) {
  EXPECT_EQ(Choose(0), 0);
  EXPECT_EQ(Choose(1), 3);
  EXPECT_EQ(Choose(2), 1);
}

TEST_F(ChooseRowTest, ARowThatIsLeftKeepsItsGreedyId) {
  setting(1, kTemperature) = kLeaveRow;
  EXPECT_EQ(Choose(1), 78);
  EXPECT_EQ(Choose(0), 0);
}

TEST_F(ChooseRowTest, LimitsEndTheRow) {
  limits_ = {4, 2, 99};
  EXPECT_EQ(Choose(1), 1);
  EXPECT_EQ(Choose(2), 1);
  limits_[1] = 0;
  EXPECT_EQ(Choose(1), kNoId);
  limits_[1] = -5;
  EXPECT_EQ(Choose(1), kNoId);
}

TEST_F(ChooseRowTest, ListsLieBehindThoseOfTheRowBefore) {
  SetLists({{.forbidden = {0}, .biased = {3}}, {.forbidden = {3}}, {.allowed = {2, 3}}}, 10);
  EXPECT_EQ(Choose(0), 3);
  EXPECT_EQ(Choose(1), 2);
  EXPECT_EQ(Choose(2), 3);
  SetLists({{.used = {1}}, {.biased = {0}}, {.allowed = {0}}}, 10);
  EXPECT_EQ(Choose(0), 0);
  EXPECT_EQ(Choose(1), 0);
  EXPECT_EQ(Choose(2), 0);
  SetLists({{.allowed = {2}}, {.used = {3, 2}}, {}}, 1);
  setting(1, kPresencePenalty) = 2.5f;
  EXPECT_EQ(Choose(1), 1) << "2 beats 3 - 2.5 and 4 - 2.5";
  setting(1, kPresencePenalty) = 0;
  setting(1, kFrequencyPenalty) = 1.5f;
  EXPECT_EQ(Choose(1), 3) << "4 - 1.5 beats 2";
  setting(1, kFrequencyPenalty) = 0;
  setting(1, kRepetitionPenalty) = 3;
  EXPECT_EQ(Choose(1), 1) << "2 beats 4 / 3";
}

TEST_F(ChooseRowTest, EachSettingHasItsColumn) {
  setting(1, kTemperature) = 1;
  number(1, kTopK) = 1;
  EXPECT_EQ(Choose(), 3);
  number(1, kTopK) = 0;
  setting(1, kTopP) = 0.5f;
  EXPECT_EQ(Choose(), 3);
  setting(1, kTopP) = 1;
  setting(1, kMinP) = 0.9f;
  EXPECT_EQ(Choose(), 3);
}

TEST_F(ChooseRowTest, SeedAndPositionAreNumbersOf64Bits) {
  setting(1, kTemperature) = 100;  // nearly uniform
  std::vector<float> scores(kColumns);
  std::vector<Candidate> candidates(kColumns);
  for (int part = 0; part < 4; ++part) {
    for (int32_t value : {0, 1, 2, 3, -1, -7}) {
      number(1, kSeed + part) = value;
      uint64_t words[4] = {};
      for (int i = 0; i < 4; ++i) words[i] = static_cast<uint32_t>(number(1, kSeed + i));
      const Choice expected = SampleRow({}, {.temperature = 100, .seed = words[0] | words[1] << 32},
                                        words[2] | words[3] << 32, logits_.data() + kColumns,
                                        kColumns, {scores.data(), candidates.data()});
      EXPECT_EQ(Choose(), expected.id) << part << ", " << value;
    }
  }
}

TEST_F(ChooseRowTest, WhatIsNoNumberIsTold) {
  logits_[4 + 2] = std::numeric_limits<float>::quiet_NaN();
  EXPECT_EQ(Choose(), kNanFrom - 2);
  limits_[1] = 2;
  EXPECT_EQ(Choose(), 1);
  logits_[4] = std::numeric_limits<float>::quiet_NaN();
  EXPECT_EQ(Choose(), kNanFrom);
}

}  // namespace
}  // namespace lathe::sampling
