// What the statements mean is compared with the reference in constructs_test.cc; here stands what
// is refused.
#include "frontend/chat/parser.h"

#include "gtest/gtest.h"
#include "test/support/status_matchers.h"
#include "test/unit/frontend/chat/render.h"

namespace lathe {
namespace {

using ::lathe::testing::IsOk;
using ::lathe::testing::RefusalOf;
using ::lathe::testing::Render;
using ::lathe::testing::StatusIs;

TEST(ParserTest, MissingAndStrayEnds) {
  EXPECT_EQ(RefusalOf("a\n  {% if x %}b"),
            "t:2:6: 'if' has no end, expected '{% elif %}' or '{% else %}' or '{% endif %}'");
  EXPECT_EQ(RefusalOf("{% for x in y %}"),
            "t:1:4: 'for' has no end, expected '{% else %}' or '{% endfor %}'");
  EXPECT_EQ(RefusalOf("{% macro m() %}"), "t:1:4: 'macro' has no end, expected '{% endmacro %}'");
  EXPECT_EQ(RefusalOf("{% endif %}"), "t:1:4: 'endif' has nothing to belong to");
  EXPECT_EQ(RefusalOf("{% if x %}{% endfor %}"), "t:1:14: 'endfor' has nothing to belong to");
  EXPECT_EQ(RefusalOf("{% if 1 %}{% else %}{% else %}{% endif %}"),
            "t:1:24: 'else' has nothing to belong to");
}

TEST(ParserTest, TagsThatAreNotSupportedAreNamed) {
  for (const char* tag : {"include 'x'", "import 'x' as y", "from 'x' import y", "extends 'x'",
                          "block b", "call f()", "do x", "autoescape true", "trans", "debug"}) {
    EXPECT_THAT(Render(std::string("{% ") + tag + " %}"),
                StatusIs(absl::StatusCode::kUnimplemented,
                         ::testing::EndsWith("is not supported in chat templates")));
  }
  EXPECT_THAT(Render("\n{% include 'x' %}"),
              StatusIs(absl::StatusCode::kUnimplemented,
                       "t:2:4: the tag 'include' is not supported in chat templates"));
  EXPECT_EQ(RefusalOf("{% iff x %}"), "t:1:4: unknown tag 'iff'");
  EXPECT_EQ(RefusalOf("{% 3 %}"), "t:1:4: unexpected '3', expected the name of a tag");
}

TEST(ParserTest, ConstructsThatAreNotSupportedAreNamed) {
  EXPECT_THAT(
      Render("{% for x in y recursive %}{% endfor %}"),
      StatusIs(absl::StatusCode::kUnimplemented, "t:1:15: recursive loops are not supported"));
  EXPECT_THAT(Render("{% for x in y %}{% macro m() %}{% endmacro %}{% endfor %}"),
              StatusIs(absl::StatusCode::kUnimplemented,
                       ::testing::HasSubstr("t:1:20: a macro inside of for")));
}

TEST(ParserTest, Targets) {
  EXPECT_EQ(RefusalOf("{% set 1 = 2 %}"), "t:1:8: unexpected '1', expected a name to assign to");
  EXPECT_EQ(RefusalOf("{% set none = 2 %}"), "t:1:8: cannot assign to 'none'");
  EXPECT_EQ(RefusalOf("{% set a.b.c = 2 %}"), "t:1:11: unexpected '.', expected '%}'");
  EXPECT_EQ(RefusalOf("{% for a.b in c %}{% endfor %}"), "t:1:9: unexpected '.', expected 'in'");
  EXPECT_EQ(RefusalOf("{% for x of y %}{% endfor %}"), "t:1:10: unexpected 'of', expected 'in'");
}

TEST(ParserTest, LoopControlNeedsALoop) {
  EXPECT_EQ(RefusalOf("{% break %}"), "t:1:4: 'break' outside of a for");
  EXPECT_EQ(RefusalOf("{% for x in [] %}{% else %}{% continue %}{% endfor %}"),
            "t:1:31: 'continue' outside of a for");
  EXPECT_THAT(
      Render("{% for x in [1] %}{% for y in [] %}{% else %}{% break %}{% endfor %}{% endfor %}"),
      IsOk());
}

TEST(ParserTest, MacroParameters) {
  EXPECT_EQ(RefusalOf("{% macro m(a=1, b) %}{% endmacro %}"),
            "t:1:17: a parameter without default stands behind one with a default");
  EXPECT_EQ(RefusalOf("{% macro (a) %}{% endmacro %}"),
            "t:1:10: unexpected '(', expected a name to assign to");
  EXPECT_EQ(RefusalOf("{% macro m %}{% endmacro %}"), "t:1:12: unexpected '%}', expected '('");
}

TEST(ParserTest, NestingIsBounded) {
  std::string source;
  for (int i = 0; i < 100'000; ++i) source += "{% if 1 %}";
  EXPECT_THAT(RefusalOf(source), ::testing::EndsWith("the template nests deeper than 200 levels"));
}

}  // namespace
}  // namespace lathe
