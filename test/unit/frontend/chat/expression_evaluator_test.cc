// Values of expressions are compared with the reference in constructs_test.cc; here stand messages
// and limits.
#include "frontend/chat/evaluator.h"
#include "gtest/gtest.h"
#include "test/support/status_matchers.h"
#include "test/unit/frontend/chat/render.h"

namespace lathe {
namespace {

using ::lathe::testing::RefusalOf;
using ::lathe::testing::Render;
using ::lathe::testing::StatusIs;

TEST(ExpressionEvaluatorTest, UndefinedIsNamed) {
  EXPECT_EQ(RefusalOf("{{ x.y }}"), "t:1: 'x' is undefined");
  EXPECT_EQ(RefusalOf("{{ messages[0].content }}"), "t:1: 'messages[0]' is undefined");
  EXPECT_EQ(RefusalOf("{{ x[1:] }}"), "t:1: 'x' is undefined");
  EXPECT_EQ(RefusalOf("{{ 'a' + x }}"), "t:1: 'x' is undefined");
  EXPECT_EQ(RefusalOf("{{ -x }}"), "t:1: 'x' is undefined");
  EXPECT_EQ(RefusalOf("{{ 1 < 2 < x.y }}", {{"x", {{"z", 1}}}}), "t:1: 'x.y' is undefined");
}

TEST(ExpressionEvaluatorTest, CallsOfWhatIsNoFunction) {
  EXPECT_EQ(RefusalOf("{{ f(1) }}"), "t:1: 'f' is undefined and cannot be called");
  EXPECT_EQ(RefusalOf("{{ 'a'.swapcase() }}"),
            "t:1: '(...).swapcase' is undefined and cannot be called");
  EXPECT_EQ(RefusalOf("{{ x() }}", {{"x", 1}}), "t:1: 'x' is of type int and cannot be called");
}

TEST(ExpressionEvaluatorTest, MacroCalls) {
  const std::string macro = "{% macro m(a, b=1) %}{{ a }}{% endmacro %}";
  EXPECT_EQ(RefusalOf(macro + "{{ m(1, 2, 3) }}"),
            "t:1: macro 'm' takes at most 2 arguments, found 3");
  EXPECT_EQ(RefusalOf(macro + "{{ m(c=1) }}"), "t:1: macro 'm' has no parameter 'c'");
  EXPECT_EQ(RefusalOf(macro + "{{ m(1, a=1) }}"), "t:1: macro 'm' gets 'a' twice");
}

TEST(ExpressionEvaluatorTest, OnlyStringsAreKeys) {
  EXPECT_THAT(Render("{{ {1: 2} }}"),
              StatusIs(absl::StatusCode::kUnimplemented,
                       "t:1: a mapping's key is of type int; only strings are supported as keys"));
}

TEST(ExpressionEvaluatorTest, MethodsAreValues) {
  EXPECT_EQ(*Render("{% set f = 'a,b'.split %}{{ f(',') }}"), "['a', 'b']");
  EXPECT_EQ(*Render("{{ {}.items is defined }} {{ {'items': 1}['items'] }}"), "True 1");
}

}  // namespace
}  // namespace lathe
