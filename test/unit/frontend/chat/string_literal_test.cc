#include "frontend/chat/string_literal.h"

#include "gtest/gtest.h"
#include "test/support/status_matchers.h"

namespace lathe {
namespace {

using ::lathe::testing::StatusIs;
using ::testing::HasSubstr;

TEST(StringLiteralTest, Unescapes) {
  EXPECT_EQ(*UnescapeString("plain"), "plain");
  EXPECT_EQ(*UnescapeString(R"(a\n\t\\\'\"\x41\u00e9\U0001f600\101)"),
            "a\n\t\\'\"A\u00e9\U0001f600A");
  EXPECT_EQ(*UnescapeString(R"(\q\.)"), "\\q\\.");
  EXPECT_EQ(*UnescapeString("a\\\nb"), "ab");
  EXPECT_EQ(UnescapeString(R"(\0)")->size(), 1u);
}

TEST(StringLiteralTest, RefusesBadEscapes) {
  constexpr auto kInvalid = absl::StatusCode::kInvalidArgument;
  EXPECT_THAT(UnescapeString(R"(\x4)"), StatusIs(kInvalid, HasSubstr("truncated escape '\\x'")));
  EXPECT_THAT(UnescapeString(R"(\u12g4)"),
              StatusIs(kInvalid, HasSubstr("expected 4 hexadecimal digits")));
  EXPECT_THAT(UnescapeString(R"(\ud800)"),
              StatusIs(kInvalid, HasSubstr("is no Unicode character")));
  EXPECT_THAT(UnescapeString(R"(\U00110000)"),
              StatusIs(kInvalid, HasSubstr("is no Unicode character")));
  EXPECT_THAT(UnescapeString(R"(\N{DASH})"),
              StatusIs(kInvalid, HasSubstr("by name are not supported")));
}

}  // namespace
}  // namespace lathe
