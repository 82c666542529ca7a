#include "frontend/chat/limits.h"

#include "gtest/gtest.h"
#include "test/support/status_matchers.h"

namespace lathe {
namespace {

using ::lathe::testing::StatusIs;
constexpr auto kExhausted = absl::StatusCode::kResourceExhausted;

TEST(BudgetTest, StepsAndScans) {
  Budget budget({.max_steps = 3});
  LATHE_EXPECT_OK(budget.Step(2));
  LATHE_EXPECT_OK(budget.Scan(63));
  LATHE_EXPECT_OK(budget.Scan(64));
  EXPECT_THAT(budget.Step(),
              StatusIs(kExhausted, "the template takes too many steps (limit max_steps = 3)"));
}

TEST(BudgetTest, OutputAndIntermediateText) {
  Budget budget({.max_output_bytes = 4, .max_built_bytes = 8});
  LATHE_EXPECT_OK(budget.Output(4));
  EXPECT_THAT(
      budget.Output(1),
      StatusIs(kExhausted, "the template writes too much text (limit max_output_bytes = 4)"));
  LATHE_EXPECT_OK(budget.Build(8));
  EXPECT_THAT(budget.Build(1), StatusIs(kExhausted,
                                        "the template builds too much intermediate text "
                                        "(limit max_built_bytes = 8)"));
}

TEST(BudgetTest, DepthIsGivenBack) {
  Budget budget({.max_depth = 1});
  LATHE_EXPECT_OK(budget.Enter());
  budget.Leave();
  LATHE_EXPECT_OK(budget.Enter());
  EXPECT_THAT(budget.Enter(),
              StatusIs(kExhausted, "the template nests too deeply (limit max_depth = 1)"));
}

}  // namespace
}  // namespace lathe
