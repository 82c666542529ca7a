// What these filters give is compared with the reference in constructs_test.cc; here stand messages
// and limits.
#include "gtest/gtest.h"
#include "test/support/status_matchers.h"
#include "test/unit/frontend/chat/render.h"

namespace lathe {
namespace {

using ::lathe::testing::RefusalOf;
using ::lathe::testing::Render;
using ::testing::HasSubstr;

TEST(TextFiltersTest, WrongArguments) {
  EXPECT_EQ(RefusalOf("{{ 'a'|trim(1) }}"), "t:1: 'chars' is of type int, expected str");
  EXPECT_EQ(RefusalOf("{{ 'a'|replace('a') }}"), "t:1: replace(old new count?): 'new' is missing");
  EXPECT_EQ(RefusalOf("{{ 'a'|tojson(indent=1.5) }}"),
            "t:1: 'indent' is of type float, expected int");
  EXPECT_EQ(RefusalOf("{{ 'a'|tojson(separators=',') }}"),
            "t:1: 'separators' is no pair of strings");
  EXPECT_EQ(RefusalOf("{{ 'a'|tojson(nope=1) }}"),
            "t:1: tojson(ensure_ascii? indent? separators? sort_keys?): has no parameter 'nope'");
  EXPECT_EQ(RefusalOf("{{ 'a'|abs }}"), "t:1: abs: expected a number, found str");
  EXPECT_EQ(RefusalOf("{{ 1e30|int }}"), "t:1: an integer does not fit 64 bits");
}

TEST(TextFiltersTest, WideIndentsAreCharged) {
  EXPECT_THAT(RefusalOf("{{ 'a\nb'|indent(9000000000000000000) }}"), HasSubstr("max_built_bytes"));
  EXPECT_THAT(RefusalOf("{{ [1]|tojson(indent=9000000000000000000) }}"),
              HasSubstr("max_built_bytes"));
  EXPECT_EQ(*Render("{{ [1]|tojson(indent=-5) }}"), "[\n1\n]");
}

}  // namespace
}  // namespace lathe
