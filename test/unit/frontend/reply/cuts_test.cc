// Random replies: the events do not depend on how the text is cut, no text is lost, and any bytes
// end in order.
#include <random>

#include "absl/strings/str_replace.h"
#include "gtest/gtest.h"
#include "test/unit/frontend/reply/show.h"

namespace lathe {
namespace {

class Random {
 public:
  explicit Random(uint32_t seed) : engine_(seed) {}
  size_t Below(size_t n) { return std::uniform_int_distribution<size_t>(0, n - 1)(engine_); }

  // Pieces of both forms, whole calls among them, and now and then a byte in error.
  std::string Text() {
    static constexpr const char* kPieces[] = {
        "<think>",
        "</think>",
        "<tool_call>",
        "</tool_call>",
        "<function=",
        "</function>",
        "<parameter=",
        "</parameter>",
        "f>",
        "a>",
        "\n",
        "\n\n",
        " ",
        "1",
        "True",
        "x",
        "<",
        ">",
        "{",
        "}",
        "[",
        "]",
        "\"",
        "\\",
        ":",
        ",",
        "\"name\": \"f\"",
        "\"arguments\": {}",
        "{\"name\": \"f\", \"arguments\": {\"a\": \"</tool_call>\"}}",
        "<tool_call>\n{\"name\": \"f\", \"arguments\": {\"a\": 1}}\n</tool_call>",
        "<tool_call>\n<function=f>\n<parameter=a>\n1\n</parameter>\n</function>\n</tool_call>",
        "<function=f>\n<parameter=a>\n",
        "\n</parameter>\n</function>",
        "é",
        "日本",
        "\xf0\x9f\x98\x80",
        "\xff",
        "\xe2\x80",
        "<thi",
        "</tool",
        "plain words"};
    std::string text;
    for (size_t count = Below(14); count > 0; --count) text += kPieces[Below(std::size(kPieces))];
    if (!text.empty() && Below(4) == 0) text[Below(text.size())] = static_cast<char>(Below(256));
    return text;
  }

  std::vector<std::string> Cut(const std::string& text) {
    std::vector<std::string> pieces;
    for (size_t at = 0; at < text.size();) {
      const size_t length = Below(2) == 0 ? Below(4) : Below(text.size() + 1);
      pieces.push_back(text.substr(at, length));
      at += length;
    }
    return pieces;
  }

  ReplyOptions Options() {
    constexpr ReplyFormat kFormats[] = {testing::kJsonFormat, testing::kXmlFormat,
                                        testing::kThinkFormat};
    return {.format = kFormats[Below(3)],
            .starts_in_reasoning = Below(2) == 0,
            .max_call_bytes = Below(4) == 0 ? 30 : size_t{1} << 20};
  }

 private:
  std::mt19937 engine_;
};

std::vector<std::string> SingleBytes(const std::string& text) {
  std::vector<std::string> pieces;
  for (char byte : text) pieces.emplace_back(1, byte);
  return pieces;
}

// What is left when all that a parser may leave out of text is gone. Removing tags one after the
// other has one end, because they do not overlap.
std::string WithoutTags(std::string text) {
  text = absl::StrReplaceAll(text, {{"\n", ""}});
  while (absl::StrReplaceAll({{"<think>", ""}, {"</think>", ""}}, &text) > 0) {
  }
  return text;
}

TEST(CutsTest, EventsDoNotDependOnTheCut) {
  Random random(20261125);
  int with_calls = 0;
  int with_notes = 0;
  for (int round = 0; round < 6'000; ++round) {
    const std::string text = random.Text();
    const ReplyOptions options = random.Options();
    const bool is_cut = random.Below(2) == 0;
    const std::vector<ReplyEvent> whole = testing::ReadPieces(options, {text}, is_cut);
    ASSERT_EQ(testing::Show(testing::ReadPieces(options, SingleBytes(text), is_cut)),
              testing::Show(whole))
        << text;
    ASSERT_EQ(testing::Show(testing::ReadPieces(options, random.Cut(text), is_cut)),
              testing::Show(whole))
        << text;
    for (const ReplyEvent& event : whole) {
      with_calls += event.kind == ReplyEvent::Kind::kCall;
      with_notes += event.kind == ReplyEvent::Kind::kNote;
    }
  }
  // Both are met often, or the texts are too tame.
  EXPECT_GT(with_calls, 200);
  EXPECT_GT(with_notes, 200);
}

TEST(CutsTest, WithoutCallsNoTextIsLost) {
  Random random(7);
  int checked = 0;
  for (int round = 0; round < 6'000; ++round) {
    const std::string text = random.Text();
    std::string out;
    bool has_call = false;
    for (const ReplyEvent& event :
         testing::ReadPieces(random.Options(), {text}, random.Below(2) == 0)) {
      has_call |= event.kind == ReplyEvent::Kind::kCall;
      if (event.kind != ReplyEvent::Kind::kNote) out += event.text;
    }
    if (has_call) continue;
    ++checked;
    ASSERT_EQ(WithoutTags(out), WithoutTags(text)) << text;
  }
  EXPECT_GT(checked, 3'000);
}

TEST(CutsTest, RandomBytesEndInOrder) {
  Random random(11);
  for (int round = 0; round < 100; ++round) {
    std::string text;
    for (size_t count = random.Below(3000); count > 0; --count)
      text.push_back(static_cast<char>(random.Below(256)));
    const ReplyOptions options = random.Options();
    EXPECT_EQ(testing::Show(testing::ReadPieces(options, random.Cut(text))),
              testing::ReadShown(options, text));
  }
}

// Each opening begins a call that breaks late: the bytes are read a bounded number of times.
TEST(CutsTest, LongTextsTakeLinearTime) {
  for (const ReplyFormat& format : {testing::kJsonFormat, testing::kXmlFormat}) {
    std::string text;
    while (text.size() < (size_t{1} << 20)) text += "<tool_call>\n\n{\"<function=f>    <";
    text += std::string(size_t{1} << 20, '\n');
    const std::vector<ReplyEvent> events = testing::ReadPieces({.format = format}, {text});
    EXPECT_FALSE(events.empty());
  }
}

}  // namespace
}  // namespace lathe
