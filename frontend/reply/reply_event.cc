#include "frontend/reply/reply_event.h"

#include <utility>

namespace lathe {

using Kind = ReplyEvent::Kind;

void AppendEvent(ReplyEvent event, std::vector<ReplyEvent>* events) {
  const bool is_stream = event.kind == Kind::kReasoning || event.kind == Kind::kText;
  if (is_stream && !events->empty() && events->back().kind == event.kind) {
    events->back().text += event.text;
  } else {
    events->push_back(std::move(event));
  }
}

void Reply::Add(const ReplyEvent& event) {
  switch (event.kind) {
    case Kind::kReasoning:
      reasoning += event.text;
      break;
    case Kind::kText:
      text += event.text;
      break;
    case Kind::kCall:
      calls.push_back(event.call);
      break;
    case Kind::kNote:
      notes.push_back(event.text);
      break;
  }
}

}  // namespace lathe
