#include "tools/lathe_run/conversation.h"

#include "test/support/status_matchers.h"

namespace lathe {
namespace {

using ::lathe::testing::StatusIs;

TEST(ConversationTest, MessagesAreThoseOfTemplates) {
  Conversation chat("be brief");
  chat.Ask("a?");
  chat.Answer({.reasoning = "why", .text = "b", .calls = {{"f", "{\"x\":1}"}}, .notes = {}});
  chat.Ask("c?");
  EXPECT_EQ(chat.messages().dump(),
            R"([{"role":"system","content":"be brief"},{"role":"user","content":"a?"},)"
            R"({"role":"assistant","content":"b","reasoning_content":"why","tool_calls":)"
            R"([{"type":"function","function":{"name":"f","arguments":"{\"x\":1}"}}]},)"
            R"({"role":"user","content":"c?"}])");
  chat.TakeBack();
  EXPECT_EQ(chat.messages().size(), 3u);
  chat.Reset();
  EXPECT_EQ(chat.messages().dump(), R"([{"role":"system","content":"be brief"}])");
}

TEST(ConversationTest, WithoutASystemMessageItStartsEmpty) {
  Conversation chat(std::nullopt);
  EXPECT_EQ(chat.messages().dump(), "[]");
  chat.Ask("a\xff?");
  EXPECT_EQ(chat.SaveText(),
            "{\n  \"messages\": [\n    {\n      \"role\": \"user\",\n      \"content\": "
            "\"a\xef\xbf\xbd?\"\n    }\n  ]\n}\n")
      << "what is no UTF-8 cannot stand in JSON";
  chat.Reset();
  EXPECT_EQ(chat.messages().dump(), "[]");
}

TEST(ConversationTest, GoesOnWithWhatItSaved) {
  for (const std::optional<std::string>& system : {std::optional<std::string>("be brief"), {}}) {
    Conversation before(system);
    before.Ask("a?");
    before.Answer({.reasoning = "why", .text = "b", .calls = {{"f", "{\"x\":1}"}}, .notes = {}});
    LATHE_ASSERT_OK_AND_ASSIGN(Conversation after, Conversation::Read(before.SaveText()));
    EXPECT_EQ(after.messages(), before.messages());
    after.Ask("c?");
    after.TakeBack();
    after.Reset();
    before.Reset();
    EXPECT_EQ(after.messages(), before.messages()) << "the system message stays";
  }
}

TEST(ConversationTest, OtherTextsAreNoConversation) {
  for (const char* text :
       {"", "[]", "{}", R"({"messages": 1})", R"({"messages": [1]})", R"({"messages": [{}]})",
        R"({"messages": [{"role": "user"}]})", R"({"messages": [{"role": 1, "content": "a"}]})"}) {
    EXPECT_THAT(Conversation::Read(text), StatusIs(absl::StatusCode::kInvalidArgument,
                                                   ::testing::HasSubstr("the conversation")))
        << text;
  }
}

TEST(ConversationDeathTest, OnlyAQuestionIsTakenBack) {
  Conversation chat("be brief");
  EXPECT_DEATH(chat.TakeBack(), "no question is open");
}

}  // namespace
}  // namespace lathe
