// Calls as tags, through the parser that users have.
#include "gmock/gmock.h"
#include "test/support/status_matchers.h"
#include "test/unit/frontend/reply/show.h"

namespace lathe {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::StartsWith;

std::vector<std::string> Read(const std::string& text, bool is_cut = false) {
  return testing::ReadShown({.format = testing::kXmlFormat}, text, is_cut);
}

void ExpectText(const std::string& text, const std::string& why, bool is_cut = false) {
  EXPECT_THAT(
      Read(text, is_cut),
      ElementsAre(AllOf(StartsWith("note:a tool call is handed on as text: "), HasSubstr(why)),
                  "text:" + text));
}

// A call in the form that templates teach.
std::string Call(const std::string& parameters) {
  return "<tool_call>\n<function=f>\n" + parameters + "</function>\n</tool_call>";
}
std::string Parameter(const std::string& key, const std::string& value) {
  return "<parameter=" + key + ">\n" + value + "\n</parameter>\n";
}

TEST(XmlFunctionsTest, OneCallAfterText) {
  EXPECT_THAT(Read("Let me look.\n\n" + Call(Parameter("city", "Oslo") + Parameter("days", "3"))),
              ElementsAre("text:Let me look.", R"(call:f{"city":"Oslo","days":3})"));
  EXPECT_THAT(Read(Call("")), ElementsAre("call:f{}"));
}

TEST(XmlFunctionsTest, SeveralCallsAndTextBetweenThem) {
  EXPECT_THAT(Read(Call("") + "\n" + Call("") + "and\n" + Call("") + "\n"),
              ElementsAre("call:f{}", "call:f{}", "text:and", "call:f{}"));
}

TEST(XmlFunctionsTest, ValuesMayHoldMarkupQuotesAndLineBreaks) {
  EXPECT_THAT(Read(Call(Parameter("t", "\n<a href=\"x\">\n  b & 'c' </a>\n<function=g>\n"))),
              ElementsAre(R"(call:f{"t":"\n<a href=\"x\">\n  b & 'c' </a>\n<function=g>\n"})"));
  EXPECT_THAT(Read(Call("<parameter=t>on one line</parameter>")),
              ElementsAre(R"(call:f{"t":"on one line"})"));
  EXPECT_THAT(Read(Call(Parameter("t", ""))), ElementsAre(R"(call:f{"t":""})"));
}

TEST(XmlFunctionsTest, NamesAreTrimmedAndTheLastValueOfAKeyCounts) {
  EXPECT_THAT(Read("<tool_call><function= f ><parameter= a >1</parameter><parameter=b>2</parameter>"
                   "<parameter=a>3</parameter></function></tool_call>"),
              ElementsAre(R"(call:f{"a":3,"b":2})"));
}

TEST(XmlFunctionsTest, NamesThatJsonCannotTellApartAreOneKey) {
  EXPECT_THAT(Read("<tool_call><function=f><parameter=\xff>1</parameter>"
                   "<parameter=\xfe>2</parameter></function></tool_call>"),
              ElementsAre("call:f{\"\xef\xbf\xbd\":2}"));
}

TEST(XmlFunctionsTest, TypesOfToolsDecide) {
  LATHE_ASSERT_OK_AND_ASSIGN(JsonValue tools, ParseJson(R"([{"name": "f", "parameters":
      {"properties": {"s": {"type": "string"}, "n": {"type": "integer"}}}}])",
                                                        "test"));
  LATHE_ASSERT_OK_AND_ASSIGN(ToolTypes types, ToolTypes::FromJson(tools, "tools"));
  EXPECT_THAT(
      testing::ReadShown({.format = testing::kXmlFormat, .types = types},
                         Call(Parameter("s", "12") + Parameter("n", "12") + Parameter("x", "12"))),
      ElementsAre(R"(call:f{"s":"12","n":12,"x":12})"));
  EXPECT_THAT(testing::ReadShown({.format = testing::kXmlFormat, .types = types},
                                 Call(Parameter("n", "many"))),
              ElementsAre("note:f.n: \"many\" is not of type integer and is handed on as a string",
                          R"(call:f{"n":"many"})"));
}

TEST(XmlFunctionsTest, MissingTagsAreMadeUp) {
  const char* whole = R"(call:f{"a":1,"b":2})";
  EXPECT_THAT(Read("<tool_call><function=f><parameter=a>1<parameter=b>2</function></tool_call>"),
              ElementsAre(whole));
  EXPECT_THAT(Read("<tool_call><function=f><parameter=a>1<parameter=b>2</tool_call>"),
              ElementsAre(whole));
  EXPECT_THAT(Read("<function=f><parameter=a>1</parameter><parameter=b>2</parameter></function>"),
              ElementsAre(whole));
  EXPECT_THAT(Read("<tool_call><function=f><parameter=a>1</parameter><parameter=b>2</parameter>\n"),
              ElementsAre(whole));
  EXPECT_THAT(Read("<tool_call><function=f><parameter=a>1</parameter><parameter=b>2<tool_call>"
                   "<function=g></function> \n</tool_call>"),
              ElementsAre(whole, "call:g{}"));
  EXPECT_THAT(Read("<function=f><parameter=a>1</parameter><function=g></function>\n</tool_call>x"),
              ElementsAre(R"(call:f{"a":1})", "call:g{}", "text:x"));
  EXPECT_THAT(Read("<function=f></function>\n\ntext"), ElementsAre("call:f{}", "text:text"));
  EXPECT_THAT(Read("<function=f></function></tool", /*is_cut=*/true), ElementsAre("call:f{}"));
}

TEST(XmlFunctionsTest, WhatIsNoCallStaysText) {
  ExpectText("<tool_call>none</tool_call>", "no <function= behind <tool_call>");
  ExpectText("<tool_call>\n</tool_call>", "no <function= behind <tool_call>");
  ExpectText("<tool_call>{\"name\": \"f\"}</tool_call>", "no <function= behind <tool_call>");
  ExpectText("<function=f\n", "a name is not closed with '>'");
  ExpectText("<function= >", "a name is empty");
  ExpectText("<function=" + std::string(257, 'a'), "a name is longer than 256 bytes");
  ExpectText("<tool_call><function=f>x</function></tool_call>",
             "text stands between its parameters");
  ExpectText("<tool_call><function=f></parameter></tool_call>", "</parameter> without <parameter=");
}

TEST(XmlFunctionsTest, ACallThatIsCutOffIsText) {
  const std::string head = "<tool_call>\n<function=f>\n";
  ExpectText("<tool_call>", "the text ends inside it", true);
  ExpectText(head + "<parameter=path>\n/a", "the text ends inside parameter path", true);
  ExpectText(head + "<parameter=path>\n/a", "the text ends inside parameter path", false);
  ExpectText(head + "<parameter=pa", "the text ends inside it", true);
  // More parameters might have come.
  ExpectText(head + Parameter("a", "1"), "the text ends inside it", true);
}

TEST(XmlFunctionsTest, ABrokenCallDoesNotSwallowTheNext) {
  EXPECT_THAT(Read("<tool_call>\n<function=f\n<tool_call><function=g></function></tool_call>"),
              ElementsAre(HasSubstr("a name"), "text:<tool_call>\n<function=f", "call:g{}"));
  EXPECT_THAT(Read("<tool_call> <tool_call><function=g></function></tool_call>"),
              ElementsAre(HasSubstr("no <function="), "text:<tool_call> ", "call:g{}"));
}

}  // namespace
}  // namespace lathe
