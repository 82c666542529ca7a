#include "frontend/reply/tag_matcher.h"

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"

namespace lathe {
namespace {

// Tags as [0], [1]; what Finish gives behind a bar.
std::string Mark(std::vector<absl::string_view> tags, absl::string_view bytes) {
  TagMatcher matcher(std::move(tags));
  std::string out;
  for (char byte : bytes) {
    if (std::optional<size_t> tag = matcher.Push(byte, &out)) absl::StrAppend(&out, "[", *tag, "]");
  }
  out += "|";
  matcher.Finish(&out);
  return out;
}

TEST(TagMatcherTest, FindsTagsAndLosesNothing) {
  EXPECT_EQ(Mark({"<a>", "</a>"}, "x<a>y</a>z"), "x[0]y[1]z|");
  EXPECT_EQ(Mark({"<a>", "</a>"}, "<<a><a</a>></b>"), "<[0]<a[1]></b>|");
  EXPECT_EQ(Mark({"<a>", "</a>"}, "<a><a>"), "[0][0]|");
  EXPECT_EQ(Mark({"<ab>", "<ac>"}, "<ac><ad><ab>"), "[1]<ad>[0]|");
  EXPECT_EQ(Mark({"<ab>"}, "x<a"), "x|<a");
  EXPECT_EQ(Mark({}, "a<b<"), "a<b<|");
}

TEST(TagMatcherTest, HoldsBackOnlyWhatMayBecomeATag) {
  TagMatcher matcher({"<think>"});
  std::string text;
  for (char byte : std::string("a <thin")) matcher.Push(byte, &text);
  EXPECT_EQ(text, "a ");
  matcher.Push('g', &text);
  EXPECT_EQ(text, "a <thing");
}

}  // namespace
}  // namespace lathe
