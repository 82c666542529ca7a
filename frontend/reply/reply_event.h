// What a model's reply consists of: reasoning, text and tool calls, as they come or collected.
//   Reply reply;
//   for (const ReplyEvent& event : parser.Push(text)) reply.Add(event);
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace lathe {

struct ToolCall {
  std::string name;
  std::string arguments;  // a JSON object in UTF-8

  bool operator==(const ToolCall&) const = default;
};

struct ReplyEvent {
  enum class Kind : uint8_t {
    kReasoning,  // more of the text that leads to the answer
    kText,       // more of the answer
    kCall,       // one whole call
    kNote,       // words about what could not be read; the reply itself is in the other events
  };

  Kind kind = Kind::kText;
  std::string text = {};  // of all kinds but kCall
  ToolCall call = {};     // of kCall

  bool operator==(const ReplyEvent&) const = default;
};

// Appends `event`; text of the same kind as the last event's is joined to it.
void AppendEvent(ReplyEvent event, std::vector<ReplyEvent>* events);

// A reply by its parts.
struct Reply {
  std::string reasoning;
  std::string text;
  std::vector<ToolCall> calls;
  std::vector<std::string> notes;

  void Add(const ReplyEvent& event);
};

}  // namespace lathe
