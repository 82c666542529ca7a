#include "frontend/tokenizer/unicode.h"

#include <utf8proc.h>

#include "gtest/gtest.h"

namespace lathe {
namespace {

std::string Repaired(absl::string_view bytes) {
  std::string out;
  AppendReplacingInvalid(bytes, &out);
  return out;
}

TEST(Utf8, EveryCharacterReadsBackAsItself) {
  for (char32_t c = 0; c <= 0x10ffff; ++c) {
    if (c >= 0xd800 && c <= 0xdfff) continue;
    std::string bytes;
    AppendUtf8(c, &bytes);
    Utf8Step step = ReadUtf8(bytes, 0);
    ASSERT_EQ(step.kind, Utf8Step::kValid);
    ASSERT_EQ(step.code_point, c);
    ASSERT_EQ(step.length, bytes.size());
    ASSERT_EQ(DecodeValidUtf8(bytes, 0).code_point, c);
    // Each proper prefix is a cut character, and is what CompletePrefixSize holds back.
    for (size_t cut = 1; cut < bytes.size(); ++cut) {
      ASSERT_EQ(ReadUtf8(bytes.substr(0, cut), 0).kind, Utf8Step::kCut);
      ASSERT_EQ(CompletePrefixSize("ab" + bytes.substr(0, cut)), 2u);
    }
    ASSERT_EQ(CompletePrefixSize("ab" + bytes), 2 + bytes.size());
  }
}

TEST(Utf8, RepairsByMaximalSubparts) {
  // The examples of the Unicode standard, tables 3-8 to 3-11.
  EXPECT_EQ(Repaired("\xc0\xaf\xe0\x80\xbf\xf0\x81\x82\x41"),
            "\uFFFD\uFFFD\uFFFD\uFFFD\uFFFD\uFFFD\uFFFD\uFFFD\x41");
  EXPECT_EQ(Repaired("\xed\xa0\x80\xed\xbf\xbf\xed\xaf\x41"),
            "\uFFFD\uFFFD\uFFFD\uFFFD\uFFFD\uFFFD\uFFFD\uFFFD\x41");
  EXPECT_EQ(Repaired("\xf4\x91\x92\x93\xff\x41\x80\xbf\x42"),
            "\uFFFD\uFFFD\uFFFD\uFFFD\uFFFD\x41\uFFFD\uFFFD\x42");
  EXPECT_EQ(Repaired("\xe1\x80\xe2\xf0\x91\x92\xf1\xbf\x41"), "\uFFFD\uFFFD\uFFFD\uFFFD\x41");
  EXPECT_EQ(Repaired(""), "");
  EXPECT_EQ(Repaired("plain \u00e9"), "plain \u00e9");
}

TEST(Utf8, ValidityIsTheAbsenceOfRepairs) {
  for (int a = 0; a < 256; ++a) {
    for (int b = 0; b < 256; ++b) {
      std::string bytes = {static_cast<char>(a), static_cast<char>(b)};
      EXPECT_EQ(IsValidUtf8(bytes), Repaired(bytes) == bytes) << a << " " << b;
    }
  }
}

TEST(CompletePrefix, HoldsBackNothingThatCannotGoOn) {
  EXPECT_EQ(CompletePrefixSize(""), 0u);
  EXPECT_EQ(CompletePrefixSize("a\x80"), 2u);
  EXPECT_EQ(CompletePrefixSize("a\xc0"), 2u);
  EXPECT_EQ(CompletePrefixSize("\xed\xa0"), 2u);  // would be a surrogate
  EXPECT_EQ(CompletePrefixSize("\x80\x80\x80\x80"), 4u);
}

TEST(Classes, AsciiAgreesWithTheCategories) {
  for (char32_t c = 0; c < 128; ++c) {
    bool is_space = c == ' ' || (c >= 9 && c <= 13);
    utf8proc_category_t category = utf8proc_category(static_cast<utf8proc_int32_t>(c));
    uint8_t expected = is_space ? kSpace : 0;
    if (c == '\r' || c == '\n') expected |= kLineBreak;
    if (category <= UTF8PROC_CATEGORY_LO) expected |= kLetter;
    if (category == UTF8PROC_CATEGORY_ND) expected |= kNumber;
    if (category >= UTF8PROC_CATEGORY_PC && category <= UTF8PROC_CATEGORY_PO) {
      expected |= kPunctuation;
    }
    if (category >= UTF8PROC_CATEGORY_SM && category <= UTF8PROC_CATEGORY_SO) expected |= kSymbol;
    EXPECT_EQ(Classify(c), expected) << static_cast<uint32_t>(c);
  }
}

TEST(Classes, OfOtherCharacters) {
  EXPECT_EQ(Classify(U'\u00e9'), kLetter);
  EXPECT_EQ(Classify(U'\u4e2d'), kLetter);
  EXPECT_EQ(Classify(U'\u02b0'), kLetter);  // a modifier letter
  EXPECT_EQ(Classify(U'\u0301'), kMark);
  EXPECT_EQ(Classify(U'\u20e3'), kMark);  // an enclosing mark
  EXPECT_EQ(Classify(U'\u0967'), kNumber);
  EXPECT_EQ(Classify(U'\u00bd'), kNumber);
  EXPECT_EQ(Classify(U'\u2163'), kNumber);  // a Roman numeral
  EXPECT_EQ(Classify(U'\u3002'), kPunctuation);
  EXPECT_EQ(Classify(U'\u2211'), kSymbol);
  EXPECT_EQ(Classify(U'\U0001F600'), kSymbol);
  EXPECT_EQ(Classify(U'\u200b'), 0);  // zero width space: a format character
  EXPECT_EQ(Classify(U'\u180e'), 0);
  EXPECT_EQ(Classify(U'\U0010ffff'), 0);
}

TEST(Classes, WhiteSpaceIsTheUnicodeProperty) {
  std::u32string spaces;
  for (char32_t c = 0; c <= 0x10ffff; ++c) {
    if ((Classify(c) & kSpace) != 0) spaces += c;
  }
  EXPECT_EQ(spaces,
            U"\t\n\v\f\r \u0085\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008"
            U"\u2009\u200a\u2028\u2029\u202f\u205f\u3000");
}

}  // namespace
}  // namespace lathe
