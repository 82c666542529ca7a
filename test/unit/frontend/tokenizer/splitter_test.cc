#include "frontend/tokenizer/splitter.h"

#include <random>

#include "frontend/tokenizer/unicode.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "test/unit/frontend/tokenizer/tiny_tokenizer.h"

namespace lathe {
namespace {

using nlohmann::json;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

std::vector<std::string> Pieces(SplitRule rule, absl::string_view text) {
  Splitter splitter(rule, text);
  std::vector<std::string> pieces;
  absl::string_view piece;
  while (splitter.Next(&piece)) pieces.emplace_back(piece);
  return pieces;
}

constexpr SplitRule kAllRules[] = {SplitRule::kLetters, SplitRule::kLettersAndMarks,
                                   SplitRule::kThreeStages};

TEST(Splitter, EmptyTextHasNoPieces) {
  for (SplitRule rule : kAllRules) EXPECT_THAT(Pieces(rule, ""), IsEmpty());
}

TEST(Splitter, Letters) {
  auto split = [](absl::string_view text) { return Pieces(SplitRule::kLetters, text); };
  EXPECT_THAT(split("Hello world"), ElementsAre("Hello", " world"));
  EXPECT_THAT(split("don't WE'LL x'\u017f 'tis"),
              ElementsAre("don", "'t", " WE", "'LL", " x", "'\u017f", " '", "tis"));
  // What shows that a contraction ended is the letter behind it, also behind the long s.
  EXPECT_THAT(split("x'Sy'\u017fz'lLw"), ElementsAre("x", "'S", "y", "'\u017f", "z", "'lL", "w"));
  EXPECT_THAT(split("I'm 123 45\n\n  x  "),
              ElementsAre("I", "'m", " ", "1", "2", "3", " ", "4", "5", "\n\n", " ", " x", "  "));
  EXPECT_THAT(split("a+b, (c) ???\n\nd"),
              ElementsAre("a", "+b", ",", " (", "c", ")", " ???\n\n", "d"));
  EXPECT_THAT(split(" \t \n \r  x"), ElementsAre(" \t \n \r", " ", " x"));
  EXPECT_THAT(split("\t\tx"), ElementsAre("\t", "\tx"));
  // A mark is punctuation here: it ends words, and may stand in front of one.
  EXPECT_THAT(split("x\u0301y"), ElementsAre("x", "\u0301y"));
}

TEST(Splitter, LettersAndMarks) {
  auto split = [](absl::string_view text) { return Pieces(SplitRule::kLettersAndMarks, text); };
  EXPECT_THAT(split("x\u0301y"), ElementsAre("x\u0301y"));
  EXPECT_THAT(split("\u0301\u0301y 1\u20e3"), ElementsAre("\u0301\u0301y", " ", "1", "\u20e3"));
  EXPECT_THAT(split("\u0928\u092e\u0938\u094d\u0924\u0947 !"),
              ElementsAre("\u0928\u092e\u0938\u094d\u0924\u0947", " !"));
}

TEST(Splitter, ThreeStages) {
  auto split = [](absl::string_view text) { return Pieces(SplitRule::kThreeStages, text); };
  EXPECT_THAT(split("x1234567y"), ElementsAre("x", "123", "456", "7", "y"));
  EXPECT_THAT(split("don't 'tis (Hello)\n"),
              ElementsAre("don", "'t", " '", "tis", " (", "Hello", ")\n"));
  EXPECT_THAT(split("\u4f60\u597dabc\u30ab\u30fb\u30ab"),
              ElementsAre("\u4f60\u597d", "abc", "\u30ab", "\u30fb", "\u30ab"));
  // White space ends with its segment: the space before a digit is not held back.
  EXPECT_THAT(split("a  1  b"), ElementsAre("a", "  ", "1", " ", " b"));
  // What no alternative matches stays together.
  EXPECT_THAT(split("\x01\x02\x03 !"), ElementsAre("\x01\x02\x03", " !"));
  EXPECT_THAT(split("\x01\x02y"), ElementsAre("\x01", "\x02y"));
}

TEST(Splitter, PiecesAreNotEmptyAndMakeUpTheText) {
  std::mt19937 random(11);
  const std::u32string alphabet = U"ab'sS \n\r\t12!?\u00e9\u0301\u4f60\u30ab\u2003\u0001\u200b";
  for (int round = 0; round < 5000; ++round) {
    std::string text;
    for (unsigned i = random() % 16; i > 0; --i)
      AppendUtf8(alphabet[random() % alphabet.size()], &text);
    for (SplitRule rule : kAllRules) {
      std::string together;
      for (const std::string& piece : Pieces(rule, text)) {
        ASSERT_FALSE(piece.empty());
        ASSERT_TRUE(IsValidUtf8(piece));
        together += piece;
      }
      ASSERT_EQ(together, text);
    }
  }
}

// The expressions come from vectors.json, where the tokenizers library has run them.
TEST(RecogniseSplitRule, KnowsTheExpressionsOfTheVectors) {
  auto expressions_of = [](const json& pre_tokenizer) {
    std::vector<std::string> expressions;
    for (const json& step : pre_tokenizer["pretokenizers"]) {
      if (step["type"] == "Split") expressions.push_back(step["pattern"]["Regex"]);
    }
    return expressions;
  };
  json variants =
      json::parse(testing::ReadFileOrDie(testing::SourcePath("test/data/tokenizer/vectors.json")));
  EXPECT_EQ(RecogniseSplitRule(expressions_of(testing::TinyDocument()["pre_tokenizer"])),
            SplitRule::kLetters);
  EXPECT_EQ(RecogniseSplitRule(expressions_of(variants[1]["changes"]["/pre_tokenizer"])),
            SplitRule::kLettersAndMarks);
  std::vector<std::string> stages = expressions_of(variants[2]["changes"]["/pre_tokenizer"]);
  EXPECT_EQ(RecogniseSplitRule(stages), SplitRule::kThreeStages);
  std::swap(stages[0], stages[1]);
  EXPECT_EQ(RecogniseSplitRule(stages), std::nullopt);
}

TEST(RecogniseSplitRule, RefusesOthers) {
  EXPECT_EQ(RecogniseSplitRule({}), std::nullopt);
  EXPECT_EQ(RecogniseSplitRule({R"(\p{N}{1,3})"}), std::nullopt);
  EXPECT_EQ(RecogniseSplitRule({R"(\p{L}+)"}), std::nullopt);
}

}  // namespace
}  // namespace lathe
