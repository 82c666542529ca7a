// What the tests answer is compared with the reference in constructs_test.cc; here stand messages.
#include "gtest/gtest.h"
#include "test/unit/frontend/chat/render.h"

namespace lathe {
namespace {

using ::lathe::testing::RefusalOf;
using ::lathe::testing::Render;

TEST(PredicatesTest, WrongOperands) {
  EXPECT_EQ(RefusalOf("{{ 'a' is even }}"), "t:1: expected integers, found str and int");
  EXPECT_EQ(RefusalOf("{{ 1 is divisibleby 0 }}"), "t:1: division by zero");
  EXPECT_EQ(RefusalOf("{{ 1 is lt 'a' }}"), "t:1: '<' does not work on int and str");
  EXPECT_EQ(RefusalOf("{{ 1 is defined(2) }}"),
            "t:1: defined(): takes at most 0 arguments, found 1");
}

TEST(PredicatesTest, UndefinedHasThePropertiesThatJinjaGivesIt) {
  EXPECT_EQ(*Render("{{ x is sequence }}{{ x is iterable }}{{ x is mapping }}{{ x is string }}"),
            "TrueTrueFalseFalse");
}

}  // namespace
}  // namespace lathe
