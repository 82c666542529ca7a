#include "frontend/reply/reply_format.h"

#include "frontend/chat/chat_template.h"
#include "test/support/data.h"
#include "test/support/status_matchers.h"
#include "test/unit/frontend/reply/show.h"

namespace lathe {
namespace {

using ::lathe::testing::ReadFileOrDie;

constexpr ReplyFormat kPlain = {};

TEST(ReplyFormatTest, TheTagsOfTheTemplateTell) {
  EXPECT_EQ(DetectReplyFormat(""), kPlain);
  EXPECT_EQ(DetectReplyFormat("{{ messages[0].content }}"), kPlain);
  EXPECT_EQ(DetectReplyFormat("{{ '<think>\\n' }}"), testing::kThinkFormat);
  EXPECT_EQ(DetectReplyFormat("{{ c.split('</think>')[-1] }}"), testing::kThinkFormat);
  EXPECT_EQ(DetectReplyFormat(R"(</think>{{ "<tool_call>\n{\"name\": <function-name>}" }})"),
            testing::kJsonFormat);
  EXPECT_EQ(DetectReplyFormat(R"(</think>{{ '<tool_call>\n{"name": "' }})"), testing::kJsonFormat);
  EXPECT_EQ(DetectReplyFormat(R"(</think>{{ '<tool_call>\n<function=' + name + '>' }})"),
            testing::kXmlFormat);
  EXPECT_EQ(DetectReplyFormat("<tool_call>name(x=1)</tool_call>"), kPlain) << "an unknown form";
  EXPECT_EQ(DetectReplyFormat(R"({"name": "x"} <function=f>)"), kPlain) << "no calls";
}

TEST(ReplyFormatTest, PublishedTemplatesAreKnown) {
  struct Case {
    const char* name;
    ReplyFormat format;
  };
  const Case cases[] = {
      {"qwen2_5", {.calls = CallForm::kHermesJson}},
      {"qwen2_5_vl", {}},
      {"qwen3", testing::kJsonFormat},
      {"qwen3_vl", {.calls = CallForm::kHermesJson}},
      {"qwen3_5", testing::kXmlFormat},
      {"qwen3_coder", {.calls = CallForm::kXmlFunctions}},
      {"step3p5", testing::kXmlFormat},
  };
  for (const Case& c : cases) {
    LATHE_SHARED_DATA_OR_SKIP(path, absl::StrCat("real/chat_templates/", c.name, ".jinja"));
    EXPECT_EQ(DetectReplyFormat(ReadFileOrDie(path)), c.format) << c.name;
  }
}

TEST(ReplyFormatTest, TheLastTagTellsWhetherReasoningIsOpen) {
  EXPECT_FALSE(ReasoningIsOpen(""));
  EXPECT_FALSE(ReasoningIsOpen("<|im_start|>assistant\n"));
  EXPECT_TRUE(ReasoningIsOpen("<|im_start|>assistant\n<think>\n"));
  EXPECT_FALSE(ReasoningIsOpen("<|im_start|>assistant\n<think>\n\n</think>\n\n"));
  EXPECT_TRUE(ReasoningIsOpen("<think>a</think>b<think>c"));
  EXPECT_FALSE(ReasoningIsOpen("<think>a<tool_call>")) << "a call ends reasoning";
  EXPECT_TRUE(ReasoningIsOpen("<tool_call></tool_call><think>"));
}

// Renders a conversation with every published form of calls and reads the calls back.
TEST(ReplyFormatTest, WhatTemplatesWriteIsReadBack) {
  const auto messages = nlohmann::ordered_json::parse(
      R"([{"role": "user", "content": "q"},
          {"role": "assistant", "content": "Let me see.", "tool_calls": [
            {"type": "function", "function": {"name": "f", "arguments":
              {"s": "a\n<b>\"c\"</b>\n", "n": 2, "l": [1, "x"], "o": {"k": false}, "e": ""}}},
            {"type": "function", "function": {"name": "g", "arguments": {}}}]}])",
      nullptr, false);
  for (const char* name : {"qwen2_5", "qwen3", "qwen3_vl", "qwen3_5", "qwen3_coder", "step3p5"}) {
    LATHE_SHARED_DATA_OR_SKIP(path, absl::StrCat("real/chat_templates/", name, ".jinja"));
    const std::string source = ReadFileOrDie(path);
    LATHE_ASSERT_OK_AND_ASSIGN(ChatTemplate chat, ChatTemplate::Parse(source, name));
    ChatInput input;
    input.messages = messages;
    input.add_generation_prompt = false;
    LATHE_ASSERT_OK_AND_ASSIGN(std::string text, chat.Render(input));
    text = text.substr(text.find("Let me see."));
    text = text.substr(0, text.find("<|im_end|>"));
    const Reply reply = ParseReply({.format = DetectReplyFormat(source)}, text, false);
    EXPECT_EQ(reply.text, "Let me see.") << name;
    ASSERT_EQ(reply.calls.size(), 2u) << name << "\n" << text;
    EXPECT_EQ(reply.calls[0].name, "f");
    EXPECT_EQ(reply.calls[0].arguments,
              R"({"s":"a\n<b>\"c\"</b>\n","n":2,"l":[1,"x"],"o":{"k":false},"e":""})")
        << name;
    EXPECT_EQ(reply.calls[1], (ToolCall{"g", "{}"})) << name;
  }
}

}  // namespace
}  // namespace lathe
