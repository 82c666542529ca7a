// Replies and events in the shortest form that tests can compare.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "frontend/reply/reply_parser.h"

namespace lathe::testing {

// "reasoning:a", "text:b", "call:f{\"x\":1}", "note:c".
inline std::string Show(const ReplyEvent& event) {
  switch (event.kind) {
    case ReplyEvent::Kind::kReasoning:
      return absl::StrCat("reasoning:", event.text);
    case ReplyEvent::Kind::kText:
      return absl::StrCat("text:", event.text);
    case ReplyEvent::Kind::kCall:
      return absl::StrCat("call:", event.call.name, event.call.arguments);
    case ReplyEvent::Kind::kNote:
      break;
  }
  return absl::StrCat("note:", event.text);
}

inline std::vector<std::string> Show(const std::vector<ReplyEvent>& events) {
  std::vector<std::string> out;
  for (const ReplyEvent& event : events) out.push_back(Show(event));
  return out;
}

// The events of `pieces`, neighbours joined.
inline std::vector<ReplyEvent> ReadPieces(const ReplyOptions& options,
                                          const std::vector<std::string>& pieces,
                                          bool is_cut = false) {
  ReplyParser parser(options);
  std::vector<ReplyEvent> events;
  for (const std::string& piece : pieces) {
    for (ReplyEvent& event : parser.Push(piece)) AppendEvent(std::move(event), &events);
  }
  for (ReplyEvent& event : parser.Finish(is_cut)) AppendEvent(std::move(event), &events);
  return events;
}

inline std::vector<std::string> ReadShown(const ReplyOptions& options, const std::string& text,
                                          bool is_cut = false) {
  return Show(ReadPieces(options, {text}, is_cut));
}

inline constexpr ReplyFormat kThinkFormat = {.has_think_tags = true};
inline constexpr ReplyFormat kJsonFormat = {.has_think_tags = true, .calls = CallForm::kHermesJson};
inline constexpr ReplyFormat kXmlFormat = {.has_think_tags = true,
                                           .calls = CallForm::kXmlFunctions};

}  // namespace lathe::testing
