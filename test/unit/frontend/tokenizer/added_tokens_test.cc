#include "frontend/tokenizer/added_tokens.h"

#include "frontend/tokenizer/table_builder.h"
#include "test/support/status_matchers.h"

namespace lathe {
namespace {

// Tables with the 256 bytes and these added tokens from id 256 on.
std::string TablesWith(std::vector<AddedTokenSpec> added) {
  TokenizerSpec spec;
  for (int byte = 0; byte < 256; ++byte) {
    spec.tokens.push_back({std::string(1, static_cast<char>(byte)), kModelToken | kByteLevelToken});
  }
  for (AddedTokenSpec& token : added) {
    token.id = static_cast<uint32_t>(spec.tokens.size());
    spec.tokens.push_back({token.content, kAddedToken});
  }
  spec.added = std::move(added);
  return BuildTables(spec).value();
}

AddedTokenSpec Plain(std::string content) { return {.content = std::move(content), .id = 0}; }

// "begin-end:id" of all matches in a row.
std::string Matches(const std::string& tables_bytes, absl::string_view text) {
  TokenizerTables tables = TokenizerTables::Open(tables_bytes).value();
  std::string found;
  AddedMatch match;
  for (size_t pos = 0; FindAddedToken(tables.raw_added(), text, pos, &match); pos = match.end) {
    found += absl::StrCat(match.begin, "-", match.end, ":", match.id, " ");
  }
  return found;
}

TEST(FindAddedToken, TakesTheLeftmostThenTheLongest) {
  std::string tables = TablesWith({Plain("<a>"), Plain("<a><b>"), Plain("a><"), Plain("<")});
  EXPECT_EQ(Matches(tables, "x<a><b>y"), "1-7:257 ");
  EXPECT_EQ(Matches(tables, "<a><a>"), "0-3:256 3-6:256 ");
  EXPECT_EQ(Matches(tables, "<a><b"), "0-3:256 3-4:259 ");
  EXPECT_EQ(Matches(tables, "a><b"), "0-3:258 ");
  EXPECT_EQ(Matches(tables, "<a"), "0-1:259 ");
  EXPECT_EQ(Matches(tables, ""), "");
  EXPECT_EQ(Matches(tables, "nothing"), "");
}

TEST(FindAddedToken, ComparesBytesAsUnsigned) {
  std::string tables =
      TablesWith({Plain("\u4f60"), Plain("\u00e9"), Plain("z"), Plain("\u4f60\u597d")});
  EXPECT_EQ(Matches(tables, "\u597dz\u4f60\u597d\u00e9\u4f60"),
            "3-4:258 4-10:259 10-12:257 12-15:256 ");
}

TEST(FindAddedToken, TakesWhiteSpaceAlong) {
  AddedTokenSpec left = Plain("<l>");
  left.strips_left = true;
  AddedTokenSpec right = Plain("<r>");
  right.strips_right = true;
  std::string tables = TablesWith({left, right});
  EXPECT_EQ(Matches(tables, "a \n<l> b"), "1-6:256 ");
  EXPECT_EQ(Matches(tables, "a <r> \n b"), "2-8:257 ");
  EXPECT_EQ(Matches(tables, "\u2003<l>"), "0-6:256 ");
  EXPECT_EQ(Matches(tables, "<r>\u2003\u3000"), "0-9:257 ");
  EXPECT_EQ(Matches(tables, "<r>  <l>"), "0-5:257 5-8:256 ");  // the spaces go once
}

TEST(FindAddedToken, WithoutTokensFindsNothing) { EXPECT_EQ(Matches(TablesWith({}), "<a>"), ""); }

}  // namespace
}  // namespace lathe
