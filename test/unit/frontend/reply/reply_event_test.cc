#include "frontend/reply/reply_event.h"

#include "gmock/gmock.h"
#include "test/unit/frontend/reply/show.h"

namespace lathe {
namespace {

using ::testing::ElementsAre;
using Kind = ReplyEvent::Kind;

TEST(ReplyEventTest, OnlyTextOfOneKindIsJoined) {
  std::vector<ReplyEvent> events;
  for (const ReplyEvent& event : std::vector<ReplyEvent>{{Kind::kReasoning, "a"},
                                                         {Kind::kReasoning, "b"},
                                                         {Kind::kText, "c"},
                                                         {Kind::kText, "d"},
                                                         {Kind::kNote, "e"},
                                                         {Kind::kNote, "f"},
                                                         {.kind = Kind::kCall, .call = {"g", "{}"}},
                                                         {.kind = Kind::kCall, .call = {"g", "{}"}},
                                                         {Kind::kText, "h"}}) {
    AppendEvent(event, &events);
  }
  EXPECT_THAT(testing::Show(events), ElementsAre("reasoning:ab", "text:cd", "note:e", "note:f",
                                                 "call:g{}", "call:g{}", "text:h"));
}

TEST(ReplyEventTest, AReplyCollectsItsParts) {
  Reply reply;
  reply.Add({Kind::kReasoning, "a"});
  reply.Add({Kind::kText, "b"});
  reply.Add({.kind = Kind::kCall, .call = {"f", "{}"}});
  reply.Add({Kind::kText, "c"});
  reply.Add({Kind::kNote, "d"});
  EXPECT_EQ(reply.reasoning, "a");
  EXPECT_EQ(reply.text, "bc");
  EXPECT_THAT(reply.calls, ElementsAre(ToolCall{"f", "{}"}));
  EXPECT_THAT(reply.notes, ElementsAre("d"));
}

}  // namespace
}  // namespace lathe
