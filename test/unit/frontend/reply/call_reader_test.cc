#include "frontend/reply/call_reader.h"

#include "gtest/gtest.h"

namespace lathe {
namespace {

using State = CallReader::State;

// The last progress after `bytes`, which no reader may end before.
CallReader::Progress Feed(CallReader& reader, absl::string_view bytes) {
  CallReader::Progress progress;
  for (char byte : bytes) {
    EXPECT_EQ(progress.state, State::kOpen);
    progress = reader.Push(byte);
  }
  return progress;
}

TEST(CallReaderTest, BlanksAreAsciiSpaces) {
  EXPECT_TRUE(IsBlank(""));
  EXPECT_TRUE(IsBlank(" \t\r\n"));
  EXPECT_FALSE(IsBlank(" x"));
  EXPECT_FALSE(IsBlank("\xc2\xa0"));
}

TEST(CallReaderTest, AWholeCallSaysWhatItLeavesUnread) {
  std::unique_ptr<CallReader> json = MakeHermesJsonReader();
  CallReader::Progress progress = Feed(*json, "{\"name\": \"f\"}\n</tool_call>");
  EXPECT_EQ(progress.state, State::kWhole);
  EXPECT_EQ(progress.unread, 0u);
  EXPECT_EQ(json->TakeCall(), (ToolCall{"f", "{}"}));

  json = MakeHermesJsonReader();
  progress = Feed(*json, "{\"name\": \"f\"}\n<tool_call>");
  EXPECT_EQ(progress.state, State::kWhole);
  EXPECT_EQ(progress.unread, std::string("<tool_call>").size());

  const ToolTypes types;
  std::unique_ptr<CallReader> xml = MakeXmlFunctionsReader("<function=", types);
  progress = Feed(*xml, "f></function> \n x");
  EXPECT_EQ(progress.state, State::kWhole);
  EXPECT_EQ(progress.unread, std::string(" \n x").size());
  EXPECT_EQ(xml->TakeCall(), (ToolCall{"f", "{}"}));
}

TEST(CallReaderTest, ABrokenCallSaysWhy) {
  std::unique_ptr<CallReader> json = MakeHermesJsonReader();
  const CallReader::Progress progress = Feed(*json, " x");
  EXPECT_EQ(progress.state, State::kBroken);
  EXPECT_EQ(progress.unread, 1u);
  ASSERT_EQ(json->notes().size(), 1u);
  EXPECT_EQ(json->notes()[0], "no '{' behind <tool_call>");
}

}  // namespace
}  // namespace lathe
