#include "tools/lathe_run/reply_output.h"

#include "test/support/status_matchers.h"

namespace lathe {
namespace {

using Kind = ReplyEvent::Kind;

const std::vector<ReplyEvent> kEvents = {{Kind::kReasoning, "a\nb"},
                                         {Kind::kText, "c"},
                                         {.kind = Kind::kCall, .call = {"f", R"({"x":1})"}},
                                         {Kind::kNote, "n"},
                                         {.kind = Kind::kCall, .call = {"g\"", "{}"}},
                                         {Kind::kText, "d"}};

// What is written, each event in a Take of its own.
std::string Written(Reasoning mode, const std::vector<ReplyEvent>& events) {
  std::string out;
  ReplyOutput output(mode, [&out](absl::string_view text) {
    out += std::string(text);
    return absl::OkStatus();
  });
  for (const ReplyEvent& event : events) output.Take({event});
  LATHE_EXPECT_OK(output.Finish());
  return out;
}

TEST(ReplyOutputTest, ReasoningIsShownBetweenTags) {
  EXPECT_EQ(Written(Reasoning::kShow, kEvents),
            "<think>\na\nb\n</think>\n\nc\n"
            R"({"tool_call":{"name":"f","arguments":{"x":1}}})"
            "\n"
            R"({"tool_call":{"name":"g\"","arguments":{}}})"
            "\nd\n");
  EXPECT_EQ(Written(Reasoning::kShow, {{Kind::kText, "a"}, {Kind::kReasoning, "b"}}),
            "a\n<think>\nb\n")
      << "reasoning that has not ended stays open";
}

TEST(ReplyOutputTest, ReasoningIsHidden) {
  EXPECT_EQ(Written(Reasoning::kHide, kEvents),
            "c\n"
            R"({"tool_call":{"name":"f","arguments":{"x":1}}})"
            "\n"
            R"({"tool_call":{"name":"g\"","arguments":{}}})"
            "\nd\n");
  EXPECT_EQ(Written(Reasoning::kHide, {{Kind::kReasoning, "a"}}), "\n");
}

TEST(ReplyOutputTest, EveryAnswerIsALine) {
  EXPECT_EQ(Written(Reasoning::kShow, {}), "\n");
  EXPECT_EQ(Written(Reasoning::kShow, {{Kind::kText, "a"}}), "a\n");
  EXPECT_EQ(Written(Reasoning::kShow, {{Kind::kText, "a\n"}}), "a\n");
}

TEST(ReplyOutputTest, CollectsAndStopsAtAnError) {
  int calls = 0;
  ReplyOutput output(Reasoning::kShow, [&calls](absl::string_view) {
    ++calls;
    return absl::ResourceExhaustedError("full");
  });
  output.Take({{Kind::kText, "a"}});
  output.Take({{Kind::kText, "b"}});
  EXPECT_EQ(output.status().message(), "full");
  EXPECT_EQ(output.Finish().message(), "full");
  EXPECT_EQ(calls, 1);
  EXPECT_EQ(output.reply().text, "ab");

  ReplyOutput silent(Reasoning::kShow, nullptr);
  silent.Take(kEvents);
  LATHE_EXPECT_OK(silent.Finish());
  EXPECT_EQ(silent.reply().reasoning, "a\nb");
  EXPECT_EQ(silent.reply().calls.size(), 2u);
}

TEST(ReplyOutputTest, CallsAreThoseOfMessages) {
  EXPECT_EQ(CallsJson({}).dump(), "[]");
  EXPECT_EQ(CallsJson({{"f", R"({"x":1})"}}).dump(),
            R"([{"type":"function","function":{"name":"f","arguments":"{\"x\":1}"}}])");
}

}  // namespace
}  // namespace lathe
