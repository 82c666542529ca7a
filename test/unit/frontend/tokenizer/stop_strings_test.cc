#include "frontend/tokenizer/stop_strings.h"

#include <random>
#include <utility>
#include <vector>

#include "gmock/gmock.h"

namespace lathe {
namespace {

using ::testing::ElementsAre;

// What is given out for each piece, and at the end.
std::vector<std::string> Outputs(const std::vector<std::string>& strings,
                                 const std::vector<std::string>& pieces) {
  StopStrings stops(strings);
  std::vector<std::string> out;
  for (const std::string& piece : pieces) out.push_back(stops.Push(piece));
  out.push_back(stops.Finish());
  return out;
}

TEST(StopStringsTest, WithoutStringsAllPassesAtOnce) {
  EXPECT_THAT(Outputs({}, {"a", "bc"}), ElementsAre("a", "bc", ""));
}

TEST(StopStringsTest, WhatMayBeginAStopStringIsHeldBack) {
  EXPECT_THAT(Outputs({"END"}, {"the E", "N", "trance"}), ElementsAre("the ", "", "ENtrance", ""));
  EXPECT_THAT(Outputs({"END"}, {"the EN"}), ElementsAre("the ", "EN"));
}

TEST(StopStringsTest, EndsBeforeTheString) {
  EXPECT_THAT(Outputs({"END"}, {"the E", "N", "D of all", " END"}),
              ElementsAre("the ", "", "", "", ""));
  StopStrings stops({"\n\n", "###"});
  EXPECT_EQ(stops.Push("one ##"), "one ");
  EXPECT_EQ(stops.found(), std::nullopt);
  EXPECT_EQ(stops.Push("\n"), "##");
  EXPECT_EQ(stops.Push("\n\n"), "");
  EXPECT_EQ(stops.found(), "\n\n");
}

TEST(StopStringsTest, TheFirstToBeCompleteCountsAndTheLongestThere) {
  EXPECT_THAT(Outputs({"abcd", "bc"}, {"xabcdx"}), ElementsAre("xa", ""));
  EXPECT_THAT(Outputs({"c", "bc", "abc"}, {"xabcx"}), ElementsAre("x", ""));
  EXPECT_THAT(Outputs({"aab"}, {"aaaab"}), ElementsAre("aa", "")) << "a beginning inside another";
}

TEST(StopStringsTest, CharactersStayWhole) {
  const std::string end = "\xe2\x80\xa6";    // …
  const std::string other = "\xe2\x80\xa2";  // its first two bytes are the same
  EXPECT_THAT(Outputs({end}, {"a" + other, "b" + end}), ElementsAre("a" + other, "b", ""));
}

// The plain meaning: the shortest beginning of the text that ends with a stop string.
std::pair<std::string, bool> Plain(const std::vector<std::string>& strings,
                                   const std::string& text) {
  for (size_t end = 1; end <= text.size(); ++end) {
    size_t longest = 0;
    for (const std::string& each : strings) {
      if (each.size() <= end && text.compare(end - each.size(), each.size(), each) == 0)
        longest = std::max(longest, each.size());
    }
    if (longest > 0) return {text.substr(0, end - longest), true};
  }
  return {text, false};
}

TEST(StopStringsTest, TheCutOfTheTextDoesNotMatter) {
  std::mt19937 random(9);
  auto draw = [&random](size_t size) {
    std::string text(size, 'a');
    for (char& c : text) c = static_cast<char>('a' + random() % 3);
    return text;
  };
  int num_found = 0;
  for (int round = 0; round < 2000; ++round) {
    std::vector<std::string> strings(1 + random() % 3);
    for (std::string& each : strings) each = draw(1 + random() % 6);
    const std::string text = draw(random() % 40);
    StopStrings stops(strings);
    std::string shown;
    for (size_t at = 0; at < text.size();) {
      const size_t size = std::min<size_t>(1 + random() % 5, text.size() - at);
      shown += stops.Push(text.substr(at, size));
      at += size;
    }
    shown += stops.Finish();
    const auto [expected, is_found] = Plain(strings, text);
    ASSERT_EQ(shown, expected) << text;
    ASSERT_EQ(stops.found().has_value(), is_found) << text;
    num_found += is_found ? 1 : 0;
  }
  EXPECT_GT(num_found, 500);
  EXPECT_LT(num_found, 1500);
}

TEST(StopStringsDeathTest, AnEmptyStringIsABug) {
  EXPECT_DEATH(StopStrings({"a", ""}), "an empty stop string");
}

}  // namespace
}  // namespace lathe
