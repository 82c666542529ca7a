// What the functions give is compared with the reference in constructs_test.cc; here stand
// messages.
#include "gtest/gtest.h"
#include "test/support/status_matchers.h"
#include "test/unit/frontend/chat/render.h"

namespace lathe {
namespace {

using ::lathe::testing::RefusalOf;
using ::lathe::testing::Render;

TEST(GlobalsTest, RaisedWordsAreTheMessage) {
  EXPECT_EQ(RefusalOf("\n{{ raise_exception('No user query found in messages.') }}"),
            "t:2: No user query found in messages.");
}

TEST(GlobalsTest, WrongArguments) {
  EXPECT_EQ(RefusalOf("{{ namespace(1) }}"), "t:1: namespace: expected a mapping, found int");
  EXPECT_EQ(RefusalOf("{{ dict([1]) }}"), "t:1: dict: expected a mapping, found list");
  EXPECT_EQ(RefusalOf("{{ range(1, 2, 0) }}"), "t:1: range: the step is 0");
  EXPECT_EQ(RefusalOf("{{ range('a') }}"), "t:1: 'stop' is of type str, expected int");
  EXPECT_EQ(RefusalOf("{{ strftime_now(1) }}"), "t:1: 'format' is of type int, expected str");
}

TEST(GlobalsTest, RangesAtTheEdges) {
  EXPECT_EQ(*Render("{{ range(0)|list }}{{ range(3, 1)|list }}{{ range(9223372036854775806, "
                    "9223372036854775807)|list }}"),
            "[][][9223372036854775806]");
  EXPECT_EQ(
      *Render("{{ range(-9223372036854775807, 9223372036854775807, 9223372036854775807)|list }}"),
      "[-9223372036854775807, 0]");
  EXPECT_EQ(
      *Render("{{ range(-9223372036854775807, 9223372036854775807, 9223372036854775806)|list }}"),
      "[-9223372036854775807, -1, 9223372036854775805]");
  EXPECT_EQ(RefusalOf("{{ range(-9223372036854775807, 9223372036854775807) }}"),
            "t:1: range: has more than 100000 elements");
}

TEST(GlobalsTest, VariablesHideThem) { EXPECT_EQ(*Render("{{ range }}", {{"range", 1}}), "1"); }

}  // namespace
}  // namespace lathe
