#include "tools/lathe_run/memory_budget.h"

#include "test/support/status_matchers.h"

namespace lathe {
namespace {

using ::testing::HasSubstr;

TEST(MemoryBudgetTest, TheFlagIsTaken) {
  LATHE_ASSERT_OK_AND_ASSIGN(const MemoryBudget budget, ReadMemoryBudget(12345));
  EXPECT_EQ(budget.bytes, 12345u);
  EXPECT_EQ(budget.source, "--memory");
}

TEST(MemoryBudgetTest, OfWhatIsFreeATenthIsKeptBack) {
  const MemoryBudget budget = BudgetOf({.bytes = 1000, .source = "the control group"});
  EXPECT_EQ(budget.bytes, 900u);
  EXPECT_EQ(budget.source, "what the control group has free, 1000 B, less a tenth");
  LATHE_ASSERT_OK_AND_ASSIGN(const MemoryBudget here, ReadMemoryBudget(std::nullopt));
  EXPECT_GT(here.bytes, 0u);
  EXPECT_THAT(here.source, HasSubstr("less a tenth"));
}

}  // namespace
}  // namespace lathe
