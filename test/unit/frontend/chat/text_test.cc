#include "frontend/chat/text.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace lathe {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST(TextTest, CodePointsFromBothEnds) {
  EXPECT_EQ(FirstCodePoint("\u00e9a").value, 0xE9u);
  EXPECT_EQ(FirstCodePoint("\u00e9a").size, 2);
  EXPECT_EQ(LastCodePoint("a\U0001f600").value, 0x1F600u);
  EXPECT_EQ(LastCodePoint("a\U0001f600").size, 4);
  EXPECT_EQ(CodePointCount("a\u00e9\U0001f600"), 3u);
  EXPECT_THAT(SplitCodePoints("a\u00e9"), ElementsAre("a", "\u00e9"));
}

TEST(TextTest, InvalidBytesCountOneEach) {
  EXPECT_EQ(CodePointCount("\xff\xc3"), 2u);
  EXPECT_EQ(LastCodePoint("a\xc3").size, 1);
  EXPECT_EQ(LastCodePoint("\x80\x80\x80\x80\x80").size, 1);
  EXPECT_EQ(FindInvalidUtf8("ab\xff"), 2u);
  EXPECT_EQ(FindInvalidUtf8("a\u00e9\ufffd"), absl::string_view::npos);
  EXPECT_EQ(Upper("a\xff"), "A\xff");
}

TEST(TextTest, FindTextIsFind) {
  EXPECT_EQ(FindText("banana", "an"), 1u);
  EXPECT_EQ(FindText("banana", "an", 2), 3u);
  EXPECT_EQ(FindText("banana", "x"), absl::string_view::npos);
  EXPECT_EQ(FindText("a", "", 1), 1u);
  EXPECT_EQ(FindText("a", "", 2), absl::string_view::npos);
}

TEST(TextTest, SpaceIsWhatPythonSays) {
  for (char32_t c : {0x09, 0x0D, 0x1C, 0x1F, 0x20, 0x85, 0xA0, 0x2003, 0x3000}) {
    EXPECT_TRUE(IsSpace(c)) << static_cast<int>(c);
  }
  for (char32_t c : {0x08, 0x0E, 0x1B, 0x200B, 0xFEFF}) {
    EXPECT_FALSE(IsSpace(c)) << static_cast<int>(c);
  }
}

TEST(TextTest, Strips) {
  EXPECT_EQ(StripSpace("\u2003 a \u00a0", Side::kBoth), "a");
  EXPECT_EQ(StripSpace(" a ", Side::kLeft), "a ");
  EXPECT_EQ(StripSpace(" a ", Side::kRight), " a");
  EXPECT_EQ(StripChars("\u00e9xa\u00e9", "x\u00e9", Side::kBoth), "a");
  EXPECT_EQ(StripChars("a", "", Side::kBoth), "a");
}

TEST(TextTest, Splits) {
  EXPECT_THAT(SplitSpace(" a  b c ", -1), ElementsAre("a", "b", "c"));
  EXPECT_THAT(SplitSpace(" a  b c ", 1), ElementsAre("a", "b c "));
  EXPECT_THAT(SplitSpace(" ", -1), IsEmpty());
  EXPECT_THAT(SplitLines("a\r\nb\n\u2028c"), ElementsAre("a", "b", "", "c"));
  EXPECT_THAT(SplitLines(""), IsEmpty());
}

TEST(TextTest, Cases) {
  EXPECT_EQ(Upper("stra\u00dfe \u00e9"), "STRASSE \u00c9");
  EXPECT_EQ(Lower("\u00c9A"), "\u00e9a");
  EXPECT_EQ(Capitalize("\u00e9A"), "\u00c9a");
  EXPECT_EQ(Capitalize(""), "");
  EXPECT_EQ(Title("they're HERE"), "They'Re Here");
}

TEST(TextTest, Properties) {
  EXPECT_TRUE(IsDigits("12"));
  EXPECT_FALSE(IsDigits(""));
  EXPECT_FALSE(IsDigits("1a"));
  EXPECT_TRUE(IsLetters("a\u00e9"));
  EXPECT_FALSE(IsLetters("a1"));
  EXPECT_TRUE(IsPrintable(' '));
  EXPECT_FALSE(IsPrintable(0x200B));
}

}  // namespace
}  // namespace lathe
