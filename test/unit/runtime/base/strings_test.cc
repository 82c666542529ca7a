#include "runtime/base/strings.h"

#include <vector>

#include "gtest/gtest.h"

namespace lathe {
namespace {

TEST(StringsTest, HumanBytes) {
  EXPECT_EQ(HumanBytes(7), "7 B");
  EXPECT_EQ(HumanBytes(1536), "1.50 KiB");
  EXPECT_EQ(HumanBytes(uint64_t{3} << 30), "3.00 GiB");
}

TEST(StringsTest, NearestFindsSlipsAndNothingElse) {
  std::vector<std::string> keys = {"hidden_size", "head_dim", "vocab_size"};
  EXPECT_EQ(Nearest("hiden_size", keys), "hidden_size");
  EXPECT_EQ(Nearest("quantization", keys), "");
}

TEST(StringsTest, NearestDoesNotCompareLongWords) {
  const std::vector<std::string> names = {std::string(kMaxSlipBytes, 'a'),
                                          std::string(size_t{1} << 20, 'a')};
  EXPECT_EQ(Nearest(std::string(kMaxSlipBytes - 1, 'a'), names), names[0]);
  EXPECT_EQ(Nearest(std::string(kMaxSlipBytes + 1, 'a'), names), "");
  EXPECT_EQ(Nearest(std::string(size_t{1} << 20, 'b'), names), "");
}

TEST(StringsTest, QuotedEscapesAndCuts) {
  EXPECT_EQ(Quoted("a\n\"b\x01"), "\"a\\n\\\"b\\x01\"");
  EXPECT_EQ(Quoted("abcdef", 3), "\"abc...\"");
}

TEST(StringsTest, GlobsWithStars) {
  EXPECT_TRUE(GlobMatches("model.layers.*.mlp.down_proj", "model.layers.12.mlp.down_proj"));
  EXPECT_FALSE(GlobMatches("model.layers.*.mlp.down_proj", "model.layers.12.mlp.up_proj"));
  EXPECT_TRUE(GlobMatches("*", ""));
  EXPECT_TRUE(GlobMatches("", ""));
  EXPECT_FALSE(GlobMatches("", "a"));
  EXPECT_TRUE(GlobMatches("a**b", "ab"));
  EXPECT_TRUE(GlobMatches("*ab*ab", "abxabyab"));
  EXPECT_FALSE(GlobMatches("*ab*ac", "abxabyab"));
  EXPECT_TRUE(GlobMatches("x*", "x*y"));
  // No more than a pass over the text for each of its characters.
  EXPECT_FALSE(GlobMatches("*a*a*a*a*a*a*a*b", std::string(5000, 'a')));
}

}  // namespace
}  // namespace lathe
