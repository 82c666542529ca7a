#include "frontend/tokenizer/normalize.h"

#include <utf8proc.h>

#include <cstdlib>
#include <random>

#include "frontend/tokenizer/unicode.h"
#include "gtest/gtest.h"

namespace lathe {
namespace {

std::string Nfc(absl::string_view text) {
  std::string buffer;
  return std::string(NormalizeNfc(text, &buffer));
}

std::string Utf8procNfc(const std::string& text) {
  utf8proc_uint8_t* out = nullptr;
  utf8proc_ssize_t size =
      utf8proc_map(reinterpret_cast<const utf8proc_uint8_t*>(text.data()),
                   static_cast<utf8proc_ssize_t>(text.size()), &out,
                   static_cast<utf8proc_option_t>(UTF8PROC_STABLE | UTF8PROC_COMPOSE));
  std::string result(reinterpret_cast<char*>(out), static_cast<size_t>(size));
  std::free(out);
  return result;
}

TEST(Nfc, Composes) {
  EXPECT_EQ(Nfc("e\u0301"), "\u00e9");
  EXPECT_EQ(Nfc("x e\u0301 y"), "x \u00e9 y");
  EXPECT_EQ(Nfc("\u212b\u2126"), "\u00c5\u03a9");    // singletons
  EXPECT_EQ(Nfc("e\u0302\u0301"), "\u1ebf");         // two steps
  EXPECT_EQ(Nfc("q\u0307\u0323"), "q\u0323\u0307");  // order of marks
  EXPECT_EQ(Nfc("\u1112\u1161\u11ab"), "\ud55c");    // Hangul from three parts
  EXPECT_EQ(Nfc("\ud558\u11ab"), "\ud55c");          // and from a syllable and a consonant
  EXPECT_EQ(Nfc("\u0958"), "\u0915\u093c");          // excluded from composition
}

TEST(Nfc, LeavesCompatibilityCharacters) { EXPECT_EQ(Nfc("\ufb01\u00bd"), "\ufb01\u00bd"); }

TEST(Nfc, ViewsTheTextWhereNothingChanges) {
  std::string buffer;
  for (absl::string_view text : {"", "plain", "\u00e9t\u00e9 \u4f60\u597d \ud55c", "\u0301"}) {
    EXPECT_EQ(NormalizeNfc(text, &buffer).data(), text.data()) << text;
  }
}

TEST(Nfc, MarksAtTheBeginningStayAlone) { EXPECT_EQ(Nfc("\u0301a"), "\u0301a"); }

TEST(Nfc, SingleCharactersAgreeWithUtf8proc) {
  for (char32_t c = 0; c <= 0x10ffff; ++c) {
    if (c >= 0xd800 && c <= 0xdfff) continue;
    std::string text = "a";
    AppendUtf8(c, &text);
    text += "\u0301";
    ASSERT_EQ(Nfc(text), Utf8procNfc(text)) << static_cast<uint32_t>(c);
  }
}

TEST(Nfc, RandomTextsAgreeWithUtf8proc) {
  // Ranges where characters combine with each other, and some where they do not.
  constexpr char32_t kRanges[][2] = {{0x20, 0x7e},     {0xc0, 0x24f},    {0x300, 0x34f},
                                     {0x900, 0x9ff},   {0x1100, 0x11ff}, {0xac00, 0xad00},
                                     {0x1e00, 0x1fff}, {0x2100, 0x2140}, {0x11100, 0x11150}};
  std::mt19937 random(5);
  for (int round = 0; round < 20000; ++round) {
    std::string text;
    for (unsigned i = random() % 12; i > 0; --i) {
      const auto& range = kRanges[random() % std::size(kRanges)];
      AppendUtf8(range[0] + random() % (range[1] - range[0] + 1), &text);
    }
    ASSERT_EQ(Nfc(text), Utf8procNfc(text)) << text;
  }
}

// utf8proc's own ordering of marks would take minutes.
TEST(Nfc, LongRunsOfMarksAreSorted) {
  std::string text = "a";
  std::string expected = "\u1ea1";  // a with dot below
  for (int i = 0; i < 200000; ++i) text += "\u0301\u0323";
  for (int i = 1; i < 200000; ++i) expected += "\u0323";
  for (int i = 0; i < 200000; ++i) expected += "\u0301";
  EXPECT_EQ(Nfc(text), expected);
}

}  // namespace
}  // namespace lathe
