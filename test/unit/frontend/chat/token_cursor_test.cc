#include "frontend/chat/token_cursor.h"

#include "frontend/chat/limits.h"
#include "gtest/gtest.h"
#include "test/support/status_matchers.h"

namespace lathe {
namespace {

using ::lathe::testing::StatusIs;
constexpr auto kInvalid = absl::StatusCode::kInvalidArgument;

TEST(TokenCursorTest, WalksAndStopsAtTheEnd) {
  LATHE_ASSERT_OK_AND_ASSIGN(auto tokens, Tokenize("{{ a + b }}", "t"));
  TokenCursor cursor(tokens, "t");
  EXPECT_EQ(cursor.Next().kind, TokenKind::kPrintBegin);
  EXPECT_TRUE(cursor.Peek(1).Is("+"));
  EXPECT_TRUE(cursor.AcceptName("a"));
  EXPECT_FALSE(cursor.Accept("-"));
  LATHE_EXPECT_OK(cursor.Expect("+"));
  EXPECT_EQ(*cursor.ExpectName("a name"), "b");
  EXPECT_THAT(cursor.ExpectName("a name"),
              StatusIs(kInvalid, "t:1:10: unexpected '}}', expected a name"));
  EXPECT_THAT(cursor.Expect(")"), StatusIs(kInvalid, "t:1:10: unexpected '}}', expected ')'"));
  cursor.Next();
  cursor.Next();
  EXPECT_EQ(cursor.Next().kind, TokenKind::kEnd);
  EXPECT_EQ(cursor.Peek(5).kind, TokenKind::kEnd);
}

TEST(TokenCursorTest, NestingIsBounded) {
  LATHE_ASSERT_OK_AND_ASSIGN(auto tokens, Tokenize("a", "t"));
  TokenCursor cursor(tokens, "t");
  for (int i = 0; i < kMaxSyntaxDepth; ++i) LATHE_ASSERT_OK(cursor.Enter());
  EXPECT_THAT(cursor.Enter(),
              StatusIs(kInvalid, "t:1:1: the template nests deeper than 200 levels"));
  cursor.Leave();
  cursor.Leave();
  LATHE_EXPECT_OK(cursor.Enter());
}

}  // namespace
}  // namespace lathe
