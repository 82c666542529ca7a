// Calls as JSON, through the parser that users have.
#include "gmock/gmock.h"
#include "test/unit/frontend/reply/show.h"

namespace lathe {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::StartsWith;

std::vector<std::string> Read(const std::string& text, bool is_cut = false) {
  return testing::ReadShown({.format = testing::kJsonFormat}, text, is_cut);
}

// `text` stays text, with a note that says `why`.
void ExpectText(const std::string& text, const std::string& why, bool is_cut = false) {
  EXPECT_THAT(
      Read(text, is_cut),
      ElementsAre(AllOf(StartsWith("note:a tool call is handed on as text: "), HasSubstr(why)),
                  "text:" + text));
}

TEST(HermesJsonTest, OneCallAfterText) {
  EXPECT_THAT(Read("Let me look.\n\n<tool_call>\n{\"name\": \"get\", \"arguments\": {\"city\": "
                   "\"Ålesund\", \"days\": [1, 2.50]}}\n</tool_call>"),
              ElementsAre("text:Let me look.", R"(call:get{"city":"Ålesund","days":[1,2.50]})"));
}

TEST(HermesJsonTest, SeveralCallsAndTextBetweenThem) {
  const std::string call = "<tool_call>\n{\"name\": \"f\", \"arguments\": {}}\n</tool_call>";
  EXPECT_THAT(Read(call + "\n" + call + "and\n" + call + "\n"),
              ElementsAre("call:f{}", "call:f{}", "text:and", "call:f{}"));
}

TEST(HermesJsonTest, StringsMayHoldAnything) {
  EXPECT_THAT(Read(R"(<tool_call>{"name": "w", "arguments": {"t": "</tool_call> } { \" \\ <x>\n"}})"
                   "</tool_call>"),
              ElementsAre(R"(call:w{"t":"</tool_call> } { \" \\ <x>\n"})"));
}

TEST(HermesJsonTest, ArgumentsMayBeMissingOrText) {
  EXPECT_THAT(Read(R"(<tool_call>{"name": "f"}</tool_call>)"), ElementsAre("call:f{}"));
  EXPECT_THAT(Read(R"(<tool_call>{"name": "f", "arguments": "{\"a\": 1}"}</tool_call>)"),
              ElementsAre(R"(call:f{"a":1})"));
}

TEST(HermesJsonTest, AMissingEndIsMadeUp) {
  EXPECT_THAT(Read(R"(<tool_call>{"name": "f"} <tool_call>{"name": "g"})"),
              ElementsAre("call:f{}", "call:g{}"));
  EXPECT_THAT(Read(R"(<tool_call>{"name": "f"}</tool)", /*is_cut=*/true), ElementsAre("call:f{}"));
}

TEST(HermesJsonTest, WhatIsNoCallStaysText) {
  ExpectText("<tool_call>none</tool_call>", "no '{' behind <tool_call>");
  ExpectText("<tool_call>\n</tool_call>", "no '{' behind <tool_call>");
  ExpectText("<tool_call>{\"name\": \"f\", \"arguments\": {\"a\": \"b\n}}\n</tool_call>",
             "a string of its JSON is not closed");
  ExpectText("<tool_call>{\"name\": \"f\", \"arguments\": {\n</tool_call>",
             "its JSON is not closed");
  ExpectText("<tool_call>{\"name\": f}</tool_call>", "not JSON");
  ExpectText("<tool_call>{\"name\": \"f\"}}</tool_call>", "text follows its JSON");
  ExpectText("<tool_call>{\"name\": \"f\"}</tool", "text follows its JSON");
  ExpectText("<tool_call>{\"arguments\": {}}</tool_call>", "name: found nothing");
  ExpectText("<tool_call>{\"name\": \"\"}</tool_call>", "name: found the string \"\"");
  ExpectText("<tool_call>{\"name\": \"f\", \"arguments\": [1]}</tool_call>",
             "arguments: found a list of 1, expected an object");
  ExpectText("<tool_call>{\"name\": \"f\", \"arguments\": \"x\"}</tool_call>",
             "arguments: found the string \"x\", expected an object");
  ExpectText("<tool_call>{\"name\": \"f\", \"name\": \"g\"}</tool_call>", "occurs twice");
  ExpectText("<tool_call>{\"name\": \"\xff\"}</tool_call>", "UTF-8");
}

TEST(HermesJsonTest, ACallThatIsCutOffIsText) {
  ExpectText("<tool_call>", "the text ends inside its JSON", /*is_cut=*/true);
  ExpectText("<tool_call>\n{\"name\": \"rm\", \"arguments\": {\"path\": \"/a", "the text ends",
             /*is_cut=*/true);
  ExpectText("<tool_call>\n{\"name\": \"rm\", \"arguments\": {\"path\": \"/a\"}", "the text ends");
}

TEST(HermesJsonTest, ABrokenCallDoesNotSwallowTheNext) {
  EXPECT_THAT(Read("<tool_call>{\"name\": <tool_call>{\"name\": \"f\"}</tool_call>"),
              ElementsAre(HasSubstr("not closed"), "text:<tool_call>{\"name\": ", "call:f{}"));
  EXPECT_THAT(
      Read("<tool_call>{\"name\": \"f\n</tool_call>\n<tool_call>{\"name\": \"g\"}</tool_call>"),
      ElementsAre(HasSubstr("not closed"), "text:<tool_call>{\"name\": \"f\n</tool_call>",
                  "call:g{}"));
}

TEST(HermesJsonTest, NestingIsBounded) {
  const std::string deep =
      "<tool_call>{\"name\": \"f\", \"arguments\": {\"a\": " + std::string(100'000, '[') +
      std::string(100'000, ']') + "}}";
  ExpectText(deep, "nested more than 32 levels deep");
}

}  // namespace
}  // namespace lathe
