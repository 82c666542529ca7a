#include "ops/sampling/sampling_reference.h"

#include <cmath>
#include <limits>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "ops/sampling/source/choose_row.h"
#include "test/support/graph/sample_step.h"
#include "test/support/status_matchers.h"

namespace lathe {
namespace {

using ::lathe::testing::SampleStep;
using ::lathe::testing::StatusIs;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::Gt;
using ::testing::HasSubstr;

constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
constexpr float kInfinity = std::numeric_limits<float>::infinity();

// The id of one row.
int32_t IdOf(std::vector<float> row, int32_t limit) {
  const auto width = static_cast<int64_t>(row.size());
  return ArgmaxReference(HostTensor::Floats({1, width}, std::move(row)),
                         HostTensor::Ints({1}, {limit}))
      .ints()[0];
}

TEST(ArgmaxReferenceTest, LowestOfTheLargestBelowTheLimit) {
  EXPECT_EQ(IdOf({1, 3, 2, 3}, 4), 1);
  EXPECT_EQ(IdOf({1, 2, 9, 10}, 3), 2);
  EXPECT_EQ(IdOf({1, 2, 9, 10}, 1), 0);
  EXPECT_EQ(IdOf({1, 2, 9, 10}, 99), 3) << "a limit beyond the row is its end";
  EXPECT_EQ(IdOf({0.0f, -0.0f}, 2), 0);
  EXPECT_EQ(IdOf({-0.0f, 0.0f}, 2), 0) << "both zeros are equal";
}

TEST(ArgmaxReferenceTest, NoNumberNeverWins) {
  EXPECT_EQ(IdOf({kNan, -5, kNan, -4}, 4), 3);
  EXPECT_EQ(IdOf({kNan, -kInfinity, -4}, 3), 2);
  EXPECT_EQ(IdOf({kNan, kInfinity, kInfinity}, 3), 1);
}

TEST(ArgmaxReferenceTest, NothingToChooseFromIsMinusOne) {
  EXPECT_EQ(IdOf({kNan, kNan}, 2), -1);
  EXPECT_EQ(IdOf({-kInfinity, -kInfinity}, 2), -1);
  EXPECT_EQ(IdOf({kNan, 7}, 1), -1);
  EXPECT_EQ(IdOf({7}, 0), -1);
  EXPECT_EQ(IdOf({7}, -3), -1);
}

TEST(ArgmaxReferenceTest, EachRowHasItsLimit) {
  HostTensor x = HostTensor::Floats({3, 2}, {1, 2, 1, 2, 4, 3});
  EXPECT_THAT(ArgmaxReference(x, HostTensor::Ints({3}, {2, 1, 2})).ints(), ElementsAre(1, 0, 0));
  EXPECT_EQ(
      ArgmaxReference(HostTensor(DType::kF32, {0, 2}), HostTensor::Ints({0}, {})).num_elements(),
      0);
}

TEST(BlockMaxReferenceTest, TheLastBlockIsCut) {
  HostTensor x = HostTensor::Floats({2, 5}, {1, 3, kNan, -2, 7, kNan, kNan, 0, -1, -kInfinity});
  HostTensor maxima = BlockMaxReference(x, 2);
  EXPECT_THAT(maxima.shape(), ElementsAre(2, 3));
  EXPECT_THAT(maxima.floats(), ElementsAre(3, -2, 7, -kInfinity, 0, -kInfinity));
  EXPECT_THAT(BlockMaxReference(x, 99).floats(), ElementsAre(7, 0));
}

TEST(ArgmaxByBlocksReferenceTest, MaximaOfOtherNumbersHaveAMeaningToo) {
  HostTensor x = HostTensor::Floats({1, 6}, {1, 5, 8, 9, 4, 4});
  auto id = [&](std::vector<float> maxima, int32_t limit) {
    return ArgmaxByBlocksReference(x, HostTensor::Floats({1, 3}, std::move(maxima)),
                                   HostTensor::Ints({1}, {limit}), 2)
        .ints()[0];
  };
  EXPECT_EQ(id({5, 9, 4}, 6), 3);
  EXPECT_EQ(id({5, 8, 4}, 6), 2) << "the lowest not below the block's maximum";
  EXPECT_EQ(id({9, 9, 4}, 6), -1) << "block 0 is named, and holds nothing so large";
  EXPECT_EQ(id({5, 99, 4}, 3), 2) << "block 1 is cut by the limit, so x itself counts";
  EXPECT_EQ(id({5, 99, 99}, 2), 1);
  EXPECT_EQ(id({kNan, -kInfinity, kNan}, 6), -1);
}

TEST(SampleReferenceTest, EveryRowIsChosenAsItsRowSays) {
  const SampleStep step(200, 70, 1);
  LATHE_ASSERT_OK_AND_ASSIGN(const HostTensor ids, SampleReference(step.operands()));
  int num_left = 0;
  int num_none = 0;
  int num_nan = 0;
  for (int64_t r = 0; r < 200; ++r) {
    const int32_t id = ids.ints()[r];
    if (step.settings.floats()[r * sampling::kNumSettings] == sampling::kLeaveRow) {
      EXPECT_EQ(id, step.greedy_ids.ints()[r]) << r;
      ++num_left;
    } else if (id <= sampling::kNanFrom) {
      EXPECT_TRUE(std::isnan(step.x.floats()[r * 70 + sampling::kNanFrom - id])) << r;
      ++num_nan;
    } else {
      EXPECT_LT(id, step.limits.ints()[r] < 0 ? 0 : step.limits.ints()[r]) << r;
      num_none += id == sampling::kNoId ? 1 : 0;
    }
  }
  EXPECT_THAT((std::vector<int>{num_left, num_none, num_nan}), Each(Gt(5)));
}

TEST(SampleReferenceTest, ListsThatLieOutsideAreRefused) {
  for (const auto& [column, end] : {std::pair{5, -1}, {8, 3}, {6, 1}}) {
    SampleStep step(1, 8, 2);
    step.list_ids = HostTensor::Ints({2}, {1, 2});
    for (int i = sampling::kAllowedEnd; i <= sampling::kUsedEnd; ++i) step.numbers.ints()[i] = 2;
    step.numbers.ints()[column] = end;
    EXPECT_THAT(SampleReference(step.operands()).status(),
                StatusIs(absl::StatusCode::kInvalidArgument,
                         HasSubstr(absl::StrCat("numbers[0, ", column, "] ends a list at ", end))));
  }
}

}  // namespace
}  // namespace lathe
