#include "frontend/reply/reply_parser.h"

#include "gmock/gmock.h"
#include "test/unit/frontend/reply/show.h"

namespace lathe {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr char kCall[] = "<tool_call>\n{\"name\": \"f\"}\n</tool_call>";

std::vector<std::string> Read(const std::string& text, bool is_cut = false) {
  return testing::ReadShown({.format = testing::kJsonFormat}, text, is_cut);
}
// The template has opened the reasoning.
std::vector<std::string> ReadReasoning(const std::string& text, bool is_cut = false) {
  return testing::ReadShown({.format = testing::kJsonFormat, .starts_in_reasoning = true}, text,
                            is_cut);
}

TEST(ReplyParserTest, ReasoningThenTheAnswer) {
  EXPECT_THAT(Read("<think>\na\n\nb\n</think>\n\nc\nd\n"),
              ElementsAre("reasoning:a\n\nb", "text:c\nd\n"));
  EXPECT_THAT(ReadReasoning("\na\n</think>\n\nb"), ElementsAre("reasoning:a", "text:b"));
  EXPECT_THAT(Read("<think>\n\n</think>\n\n12"), ElementsAre("text:12"));
  EXPECT_THAT(Read("12\n"), ElementsAre("text:12\n"));
  EXPECT_THAT(Read(""), IsEmpty());
}

TEST(ReplyParserTest, ReasoningWithoutAnEndIsReasoning) {
  EXPECT_THAT(ReadReasoning("a\n\nb"), ElementsAre("reasoning:a\n\nb"));
  EXPECT_THAT(Read("<think>a </thin"), ElementsAre("reasoning:a </thin"));
  EXPECT_THAT(ReadReasoning("a\n", /*is_cut=*/true), ElementsAre("reasoning:a\n"));
}

TEST(ReplyParserTest, TagsInPlacesOfTheirOwn) {
  EXPECT_THAT(Read("a</think>b"), ElementsAre("text:ab")) << "a stray end is dropped";
  EXPECT_THAT(ReadReasoning("<think>\n<think>a</think>b"), ElementsAre("reasoning:a", "text:b"))
      << "repeated openings are one";
  EXPECT_THAT(ReadReasoning("use <think> here</think>b"),
              ElementsAre("reasoning:use <think> here", "text:b"));
  EXPECT_THAT(Read("a\n<think>b</think>\nc<think>d"),
              ElementsAre("text:a", "reasoning:b", "text:c", "reasoning:d"));
  EXPECT_THAT(Read("</tool_call>"), ElementsAre("text:</tool_call>"));
}

TEST(ReplyParserTest, FormsThatAModelDoesNotHaveAreText) {
  const std::string text = std::string("<think>a</think>") + kCall;
  EXPECT_THAT(testing::ReadShown({}, text), ElementsAre("text:" + text));
  EXPECT_THAT(testing::ReadShown({.format = testing::kThinkFormat}, text),
              ElementsAre("reasoning:a", std::string("text:") + kCall));
}

TEST(ReplyParserTest, ACallInsideReasoningIsReasoning) {
  const std::string thought = std::string("maybe\n") + kCall + "\nor not";
  EXPECT_THAT(ReadReasoning(thought + "\n</think>\n" + kCall),
              ElementsAre("reasoning:" + thought, "call:f{}"));
  EXPECT_THAT(ReadReasoning(std::string(kCall) + "\n</think>no"),
              ElementsAre(std::string("reasoning:") + kCall, "text:no"));
  EXPECT_THAT(ReadReasoning(thought), ElementsAre("reasoning:" + thought));
  EXPECT_THAT(ReadReasoning("a <tool_call> is {x}</think>b"),
              ElementsAre("reasoning:a <tool_call> is {x}", "text:b"))
      << "without a note: nothing was meant to be called";
}

TEST(ReplyParserTest, ACallThatEndsTheReplyEndsItsReasoning) {
  EXPECT_THAT(ReadReasoning(std::string("I call.\n\n") + kCall + "\n" + kCall + "\n"),
              ElementsAre("reasoning:I call.", "call:f{}", "call:f{}"));
  EXPECT_THAT(ReadReasoning(std::string("I call.\n") + kCall, /*is_cut=*/true),
              ElementsAre(std::string("reasoning:I call.\n") + kCall))
      << "the model had not finished";
}

TEST(ReplyParserTest, TextComesAtOnce) {
  ReplyParser parser({.format = testing::kJsonFormat});
  EXPECT_THAT(testing::Show(parser.Push("a <b")), ElementsAre("text:a <b"));
  EXPECT_THAT(testing::Show(parser.Push("\n\n")), IsEmpty()) << "a call may follow";
  EXPECT_THAT(testing::Show(parser.Push("c <tool")), ElementsAre("text:\n\nc "));
  EXPECT_THAT(testing::Show(parser.Push("s>")), ElementsAre("text:<tools>"));
  EXPECT_THAT(testing::Show(parser.Push(kCall)), ElementsAre("call:f{}"));
  EXPECT_THAT(testing::Show(parser.Finish(false)), IsEmpty());
}

TEST(ReplyParserTest, CallsThatGrowBeyondTheLimitAreText) {
  const ReplyOptions options = {.format = testing::kJsonFormat, .max_call_bytes = 64};
  const std::string text = "<tool_call>{\"name\": \"" + std::string(100, 'a') + "\"}</tool_call>";
  EXPECT_THAT(
      testing::ReadShown(options, text),
      ElementsAre(HasSubstr("it is longer than 64 bytes (max_call_bytes)"), "text:" + text));
  // As many calls as the reply has bytes for, but not held back in reasoning.
  ReplyOptions reasoning = options;
  reasoning.starts_in_reasoning = true;
  std::string calls;
  for (int i = 0; i < 10; ++i) calls += kCall;
  EXPECT_THAT(testing::ReadShown(reasoning, calls).front(), HasSubstr("reasoning:<tool_call>"));
}

TEST(ReplyParserTest, AllAtOnce) {
  const Reply reply = ParseReply({.format = testing::kJsonFormat},
                                 std::string("<think>a</think>b") + kCall + "<tool_call>x", false);
  EXPECT_EQ(reply.reasoning, "a");
  EXPECT_EQ(reply.text, "b<tool_call>x");
  EXPECT_THAT(reply.calls, ElementsAre(ToolCall{"f", "{}"}));
  EXPECT_THAT(reply.notes, ElementsAre(HasSubstr("handed on as text")));
}

}  // namespace
}  // namespace lathe
