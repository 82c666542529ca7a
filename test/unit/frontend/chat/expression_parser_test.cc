// What the grammar accepts is compared with the reference in constructs_test.cc; here stands what
// it refuses.
#include "frontend/chat/expression_parser.h"

#include "gtest/gtest.h"
#include "test/support/status_matchers.h"
#include "test/unit/frontend/chat/render.h"

namespace lathe {
namespace {

using ::lathe::testing::IsOk;
using ::lathe::testing::RefusalOf;
using ::lathe::testing::Render;

TEST(ExpressionParserTest, UnexpectedTokens) {
  EXPECT_EQ(RefusalOf("{{ }}"), "t:1:4: unexpected '}}', expected an expression");
  EXPECT_EQ(RefusalOf("\n{{ 1 + }}"), "t:2:8: unexpected '}}', expected an expression");
  EXPECT_EQ(RefusalOf("{{ a.'b' }}"),
            "t:1:6: unexpected the string \"b\", expected an attribute's name");
  EXPECT_EQ(RefusalOf("{{ a[] }}"), "t:1:6: unexpected ']', expected an index");
  EXPECT_EQ(RefusalOf("{{ a[1, 2] }}"), "t:1:7: unexpected ',', expected ']'");
  EXPECT_EQ(RefusalOf("{{ {'a' 1} }}"), "t:1:9: unexpected '1', expected ':'");
  EXPECT_EQ(RefusalOf("{{ [1 2] }}"), "t:1:7: unexpected '2', expected ','");
  EXPECT_EQ(RefusalOf("{{ f(a=1, 2) }}"),
            "t:1:11: a positional argument stands behind a named one");
}

TEST(ExpressionParserTest, UnknownAndUnsupportedNames) {
  EXPECT_EQ(RefusalOf("{{ x|tojsn }}"),
            "t:1:6: no filter 'tojsn' is known; did you mean 'tojson'?");
  EXPECT_EQ(RefusalOf("{{ x|xmlattr_x }}"), "t:1:6: no filter 'xmlattr_x' is known");
  EXPECT_EQ(RefusalOf("{{ x is weird }}"), "t:1:9: no test 'weird' is known");
  EXPECT_EQ(RefusalOf("{{ f(*a) }}"), "t:1:6: arguments by '*' and '**' are not supported");
}

TEST(ExpressionParserTest, NumbersFit) {
  EXPECT_THAT(Render("{{ 18446744073709551615 }}"), IsOk());
  EXPECT_EQ(RefusalOf("{{ 18446744073709551616 }}"),
            "t:1:4: the integer 18446744073709551616 does not fit 64 bits");
  EXPECT_EQ(RefusalOf("{{ 0b12 }}"), "t:1:4: this is no integer");
  EXPECT_EQ(RefusalOf("{{ 0x }}"), "t:1:4: this is no integer");
}

TEST(ExpressionParserTest, NestingIsBounded) {
  auto repeat = [](const std::string& s, int n) {
    std::string out;
    for (int i = 0; i < n; ++i) out += s;
    return out;
  };
  EXPECT_THAT(Render("{{ " + repeat("(", 150) + "1" + repeat(")", 150) + " }}"), IsOk());
  for (const std::string& source :
       {repeat("(", 100'000) + "1" + repeat(")", 100'000),
        repeat("[", 100'000) + repeat("]", 100'000), repeat("-", 100'000) + "1",
        repeat("not ", 100'000) + "1", "1" + repeat(" if 1 else 1", 100'000)}) {
    EXPECT_THAT(RefusalOf("{{ " + source + " }}"),
                ::testing::EndsWith("the template nests deeper than 200 levels"));
  }
  for (const std::string& source :
       {"a" + repeat(".b", 100'000), "1" + repeat(" + 1", 100'000), "1" + repeat("|trim", 100'000),
        "1" + repeat(" is none", 100'000)}) {
    EXPECT_THAT(RefusalOf("{{ " + source + " }}"),
                ::testing::EndsWith("this expression nests deeper than 200 levels"));
  }
  // Flat ones may be long.
  EXPECT_THAT(Render("{{ 1" + repeat(" ~ 1", 10'000) + " }}"), IsOk());
  EXPECT_THAT(Render("{{ 1" + repeat(" and 1", 10'000) + " }}"), IsOk());
}

}  // namespace
}  // namespace lathe
