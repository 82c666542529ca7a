#include "frontend/chat/syntax.h"

#include "frontend/chat/expression_parser.h"
#include "frontend/chat/limits.h"
#include "gtest/gtest.h"
#include "test/support/status_matchers.h"

namespace lathe {
namespace {

// What an expression is called in messages, with its depth.
std::string Described(const std::string& source) {
  auto tokens = Tokenize("{{ " + source + " }}", "t");
  if (!tokens.ok()) return std::string(tokens.status().message());
  TokenCursor cursor(*tokens, "t");
  cursor.Next();
  auto expr = ExpressionParser(&cursor).Parse();
  if (!expr.ok()) return std::string(expr.status().message());
  return Describe(**expr) + " " + std::to_string((*expr)->depth);
}

TEST(SyntaxTest, DescribesWhatMessagesName) {
  EXPECT_EQ(Described("a"), "a 1");
  EXPECT_EQ(Described("a.b[0]['k'].c"), "a.b[0]['k'].c 5");
  EXPECT_EQ(Described("a[i + 1]"), "a[...] 3");
  EXPECT_EQ(Described("f(1)|trim"), "f(...)|trim 3");
  EXPECT_EQ(Described("a[1:]"), "a[:] 2");
  EXPECT_EQ(Described("a + b"), "(...) 2");
}

TEST(SyntaxTest, DepthIsThatOfTheDeepestChild) {
  EXPECT_EQ(Described("[1, [2, [3]]]"), "(...) 4");
  EXPECT_EQ(Described("{'a': {'b': not x}}"), "(...) 4");
  EXPECT_EQ(Described("a if b else c.d.e"), "(...) 4");
  EXPECT_EQ(Described("x is eq(y.z)"), "(...) 3");
  EXPECT_EQ(Described("a < b.c <= d"), "(...) 3");
}

}  // namespace
}  // namespace lathe
