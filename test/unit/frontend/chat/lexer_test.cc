#include "frontend/chat/lexer.h"

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "test/support/status_matchers.h"

namespace lathe {
namespace {

// The tokens as text, each in brackets.
std::string TokensOf(absl::string_view source) {
  auto tokens = Tokenize(source, "t");
  if (!tokens.ok()) return std::string(tokens.status().message());
  std::string out;
  for (const Token& token : *tokens) {
    if (token.kind == TokenKind::kText) {
      absl::StrAppend(&out, "[", token.text, "]");
    } else if (token.kind != TokenKind::kEnd) {
      absl::StrAppend(&out, "<", Describe(token), ">");
    }
  }
  return out;
}

TEST(LexerTest, TagsAndText) {
  EXPECT_EQ(TokensOf("a{{ x }}b"), "[a]<'{{'><'x'><'}}'>[b]");
  EXPECT_EQ(TokensOf("{% if x == 'y' %}"), "<'{%'><'if'><'x'><'=='><the string \"y\"><'%}'>");
  EXPECT_EQ(TokensOf("{{ {'a': {}}['}}'] }}"),
            "<'{{'><'{'><the string \"a\"><':'><'{'><'}'><'}'><'['><the string \"}}\"><']'><'}}'>");
}

TEST(LexerTest, WhiteSpaceAroundTags) {
  EXPECT_EQ(TokensOf("a\n  {% x %}\n  b"), "[a\n]<'{%'><'x'><'%}'>[  b]");
  EXPECT_EQ(TokensOf("a\n  {%+ x +%}\n  b"), "[a\n  ]<'{%'><'x'><'%}'>[\n  b]");
  EXPECT_EQ(TokensOf("a\n  {%- x -%}\n  b"), "[a]<'{%'><'x'><'%}'>[b]");
  EXPECT_EQ(TokensOf("a  {{ x }}\nb"), "[a  ]<'{{'><'x'><'}}'>[\nb]");
  EXPECT_EQ(TokensOf("a \n {{- x -}} \n b"), "[a]<'{{'><'x'><'}}'>[b]");
  EXPECT_EQ(TokensOf("a\n {# c #}\nb"), "[a\n][b]");
}

TEST(LexerTest, NewlinesAreOneKindAndOneIsDropped) {
  EXPECT_EQ(TokensOf("a\r\nb\rc\n\n"), "[a\nb\nc\n]");
  EXPECT_EQ(TokensOf("\n"), "");
}

TEST(LexerTest, RawIsText) {
  EXPECT_EQ(TokensOf("{% raw %}{{ x }}{% endfor %}{% endraw %}y"), "[{{ x }}{% endfor %}][y]");
  EXPECT_EQ(TokensOf("{% rawish %}"), "<'{%'><'rawish'><'%}'>");
}

TEST(LexerTest, Numbers) {
  EXPECT_EQ(TokensOf("{{ 1_000 1.5 2e3 0x1F 1.x }}"),
            "<'{{'><'1000'><'1.5'><'2e3'><'0x1F'><'1'><'.'><'x'><'}}'>");
}

TEST(LexerTest, PositionsCountCodePoints) {
  LATHE_ASSERT_OK_AND_ASSIGN(auto tokens, Tokenize("\u00e9\u00e9{{ x }}\n {{\ny }}", "t"));
  ASSERT_EQ(tokens.size(), 9u);
  EXPECT_EQ(tokens[2].at.column, 6);  // x
  EXPECT_EQ(tokens[5].at.line, 2);    // {{
  EXPECT_EQ(tokens[5].at.column, 2);
  EXPECT_EQ(tokens[6].at.line, 3);  // y
  EXPECT_EQ(tokens[6].at.column, 1);
}

TEST(LexerTest, ErrorsSayWhere) {
  EXPECT_EQ(TokensOf("a\n {{ x"), "t:2:2: this tag has no end '}}'");
  EXPECT_EQ(TokensOf("{% x"), "t:1:1: this tag has no end '%}'");
  EXPECT_EQ(TokensOf("{# x"), "t:1:1: this comment has no end '#}'");
  EXPECT_EQ(TokensOf("{% raw %} {% endra %}"), "t:1:1: 'raw' has no end '{% endraw %}'");
  EXPECT_EQ(TokensOf("{{ 'a }}"), "t:1:4: this string has no end");
  EXPECT_EQ(TokensOf("{{ 'a\\"), "t:1:4: this string has no end");
  EXPECT_EQ(TokensOf("{{ a ! b }}"), "t:1:6: unexpected character \"!\"");
  EXPECT_EQ(TokensOf("{{ (a] }}"), "t:1:6: unexpected ']', expected ')'");
  EXPECT_EQ(TokensOf("{{ a) }}"), "t:1:5: unexpected ')'");
  EXPECT_EQ(TokensOf("{{ '\\x' }}").substr(0, 7), "t:1:4: ");
  EXPECT_EQ(TokensOf("ab\xff"), "t: not valid UTF-8 at byte 2, expected a template as UTF-8 text");
}

}  // namespace
}  // namespace lathe
