#include "runtime/base/text_position.h"

#include "gtest/gtest.h"

namespace lathe {
namespace {

TEST(TextPositionTest, CountsLinesAndColumnsFromOne) {
  EXPECT_EQ(Describe(PositionAt("ab\ncd", 0)), "line 1, column 1");
  EXPECT_EQ(Describe(PositionAt("ab\ncd", 2)), "line 1, column 3");
  EXPECT_EQ(Describe(PositionAt("ab\ncd", 3)), "line 2, column 1");
  EXPECT_EQ(Describe(PositionAt("ab\ncd", 4)), "line 2, column 2");
}

TEST(TextPositionTest, OffsetsBehindTheEndMeanTheEnd) {
  EXPECT_EQ(Describe(PositionAt("a\n", 100)), "line 2, column 1");
  EXPECT_EQ(Describe(PositionAt("", 7)), "line 1, column 1");
}

}  // namespace
}  // namespace lathe
