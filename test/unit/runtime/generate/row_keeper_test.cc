#include "runtime/generate/row_keeper.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace lathe {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

// An output "h" of two columns: the row's number in the step, and a number of the step.
class FakeOutput : public StepRunner {
 public:
  absl::Status Run(const StepInput&, absl::Span<const KvCache>) override {
    return absl::OkStatus();
  }
  absl::Span<const float> Output(absl::string_view name) const override {
    if (name == "h") return rows;
    return {};
  }
  absl::Span<const int32_t> NextIds() const override { return {}; }
  std::vector<float> rows;
};

class RowKeeperTest : public ::testing::Test {
 protected:
  bool Step(RowKeeper& keeper, int64_t first_row, int64_t num_rows, int64_t first_position,
            int64_t step_rows, float step) {
    runner_.rows.clear();
    for (int64_t row = 0; row < step_rows; ++row) {
      runner_.rows.push_back(static_cast<float>(row));
      runner_.rows.push_back(step);
    }
    return keeper.OnStep({.first_row = first_row,
                          .num_rows = num_rows,
                          .first_position = first_position,
                          .step_rows = step_rows,
                          .runner = runner_,
                          .caches = {},
                          .pages = {}});
  }

  FakeOutput runner_;
};

TEST_F(RowKeeperTest, RowsOfTheRequestAreKeptInTheirPlaces) {
  RowKeeper keeper("h", 3);
  EXPECT_THAT(keeper.rows(), IsEmpty());
  EXPECT_TRUE(Step(keeper, 2, 2, 0, 5, 1));
  EXPECT_EQ(keeper.width(), 2);
  EXPECT_THAT(keeper.rows(), ElementsAre(2, 1, 3, 1));
  EXPECT_TRUE(Step(keeper, 0, 2, 2, 2, 2)) << "one row beyond those that are wanted";
  EXPECT_THAT(keeper.rows(), ElementsAre(2, 1, 3, 1, 0, 2));
  EXPECT_TRUE(Step(keeper, 0, 1, 3, 1, 3)) << "nothing is wanted of it";
  EXPECT_EQ(keeper.rows().size(), 6u);
}

TEST_F(RowKeeperTest, RowsThatComeAgainReplaceThemselves) {
  RowKeeper keeper("h", 3);
  Step(keeper, 0, 3, 0, 3, 1);
  Step(keeper, 1, 2, 0, 3, 2);
  EXPECT_THAT(keeper.rows(), ElementsAre(1, 2, 2, 2, 2, 1));
}

TEST_F(RowKeeperTest, AModelWithoutTheOutputGivesNothing) {
  RowKeeper keeper("layer_inputs.0", 3);
  EXPECT_FALSE(Step(keeper, 0, 1, 0, 1, 1));
  EXPECT_THAT(keeper.rows(), IsEmpty());
}

}  // namespace
}  // namespace lathe
