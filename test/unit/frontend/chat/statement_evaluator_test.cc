// Values of statements are compared with the reference in constructs_test.cc; here stand messages
// and the rules between scopes.
#include "frontend/chat/evaluator.h"
#include "gtest/gtest.h"
#include "test/support/status_matchers.h"
#include "test/unit/frontend/chat/render.h"

namespace lathe {
namespace {

using ::lathe::testing::RefusalOf;
using ::lathe::testing::Render;

TEST(StatementEvaluatorTest, MessagesCarryTheLineOfTheInnermostPart) {
  EXPECT_EQ(RefusalOf("a\n{% if 1 %}\n{% for x in 5 %}\n{% endfor %}{% endif %}"),
            "t:3: a int cannot be iterated");
  EXPECT_EQ(RefusalOf("{% macro m() %}\n{{ 1 / 0 }}{% endmacro %}\n\n{{ m() }}"),
            "t:2: division by zero");
  EXPECT_EQ(RefusalOf("\n{{ 1 +\n   x }}"), "t:2: 'x' is undefined");
}

TEST(StatementEvaluatorTest, Assignments) {
  EXPECT_EQ(RefusalOf("{% set x = 1 %}{% set x.a = 2 %}"),
            "t:1: cannot set 'x.a': 'x' is int, expected a namespace");
  EXPECT_EQ(RefusalOf("{% set y.a = 2 %}"),
            "t:1: cannot set 'y.a': 'y' is undefined, expected a namespace");
  EXPECT_EQ(RefusalOf("{% set a, b = [1] %}"), "t:1: cannot share out 1 values to 2 names");
  EXPECT_EQ(RefusalOf("{% for a, b in [1] %}{% endfor %}"), "t:1: a int cannot be iterated");
}

TEST(StatementEvaluatorTest, BreakLeavesBlocksWithinTheLoop) {
  EXPECT_EQ(
      *Render("{% for x in [1, 2] %}{% with y = x %}{{ y }}{% break %}{% endwith %}{% endfor %}."),
      "1.");
  EXPECT_EQ(
      *Render(
          "{% for x in [1, 2] %}{% filter upper %}a{% continue %}{% endfilter %}b{% endfor %}."),
      ".");
}

TEST(StatementEvaluatorTest, LoopsMayBeKept) {
  EXPECT_EQ(*Render("{% set ns = namespace() %}{% for x in [1, 2] %}{% set ns.l = loop %}{% endfor "
                    "%}{{ ns.l.index }}"),
            "2");
  EXPECT_EQ(RefusalOf("{% set ns = namespace() %}{% for i in range(300) %}{% for x in [ns.l] %}{% "
                      "set ns.l = loop %}"
                      "{% endfor %}{% endfor %}"),
            "t:1: a value nests deeper than 200 levels");
}

TEST(StatementEvaluatorTest, NamespacesMayPointToThemselves) {
  EXPECT_EQ(*Render("{% set ns = namespace() %}{% set ns.me = [ns] %}{{ ns.me[0].me[0] == ns }}"),
            "True");
  EXPECT_EQ(RefusalOf("{% set ns = namespace() %}{{ [ns] }}"),
            "t:1: a namespace cannot be printed");
}

}  // namespace
}  // namespace lathe
