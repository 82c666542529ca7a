#include "runtime/state/page_table.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace lathe {
namespace {

using ::testing::ElementsAre;

absl::Span<const int32_t> Entries(const PageTable& table) {
  return absl::MakeConstSpan(table.data(),
                             static_cast<size_t>(table.num_sequences() * table.max_pages()));
}

TEST(PageTableTest, RowsAreAsLongAsTheLongestList) {
  PageList a{.pages = {7}};
  PageList b{.pages = {3, 9, 4}};
  PageTable table;
  table.Build({&a, &b});
  EXPECT_EQ(table.max_pages(), 3);
  EXPECT_THAT(Entries(table), ElementsAre(7, 0, 0, 3, 9, 4));
}

TEST(PageTableTest, NothingIsLeftOfTheStepBefore) {
  PageList a{.pages = {5, 6, 7}};
  PageList b{.pages = {8}};
  PageTable table;
  table.Build({&a, &a});
  table.Build({&b});
  EXPECT_THAT(Entries(table), ElementsAre(8));
}

TEST(PageTableTest, EmptyStepsHaveAValidTable) {
  PageTable table;
  EXPECT_EQ(table.data()[0], 0);
  table.Build({});
  EXPECT_EQ(table.max_pages(), 1);
  EXPECT_EQ(table.num_sequences(), 0);
  EXPECT_EQ(table.data()[0], 0);
  PageList none;
  table.Build({&none});
  EXPECT_THAT(Entries(table), ElementsAre(0));
}

}  // namespace
}  // namespace lathe
