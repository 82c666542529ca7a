// Generated text -> reasoning, answer and tool calls, while it comes or as a whole.
//   ReplyParser parser({.format = DetectReplyFormat(chat_template)});
//   for (std::string piece : pieces) Show(parser.Push(piece));
//   Show(parser.Finish(/*is_cut=*/false));
//
// Every byte is read once and nothing is decided by where the pieces end: the events, neighbours
// joined, are the same for any cut of the text, inside characters and tags too.
// No text is lost. What looks like a call and is none is handed on as text, with a note that says
// why. Only the form's own tags, and line breaks next to them, are left out.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "frontend/reply/call_reader.h"
#include "frontend/reply/reply_event.h"
#include "frontend/reply/reply_format.h"
#include "frontend/reply/tag_matcher.h"
#include "frontend/reply/tool_types.h"

namespace lathe {

struct ReplyOptions {
  ReplyFormat format = {};
  bool starts_in_reasoning = false;  // ReasoningIsOpen of what the template wrote
  ToolTypes types = {};              // of the tools that the model was told about
  // A call is held back until it is whole; a longer one is text.
  size_t max_call_bytes = size_t{1} << 20;
};

class ReplyParser {
 public:
  explicit ReplyParser(ReplyOptions options);
  // An open call refers to `options_`.
  ReplyParser(const ReplyParser&) = delete;
  ReplyParser& operator=(const ReplyParser&) = delete;

  // What `text` adds.
  std::vector<ReplyEvent> Push(absl::string_view text);
  // The reply ends; nothing may follow. `is_cut`: by a limit of length or by hand, before the model
  // ended it. A call that was not whole then is text.
  std::vector<ReplyEvent> Finish(bool is_cut);

 private:
  enum class Part : uint8_t { kReasoning, kAnswer };

  void Read(char byte);
  void ReadCall(char byte);
  void OnCallProgress(const CallReader::Progress& progress);
  void ReadAgain(const std::string& bytes);
  void OnTag(absl::string_view tag);
  void EnterPart(Part part);
  void BeginCall(absl::string_view tag);
  void EndCall(size_t unread);
  void BreakCall(const std::string& why, size_t unread);
  // Text of the part: line breaks wait until it is known that no tag follows them.
  void AddText(absl::string_view text);
  void EmitText(absl::string_view text);
  // Calls in reasoning that turned out to be reasoning.
  void GiveUpReasonedCalls();

  const ReplyOptions options_;
  TagMatcher tags_;
  Part part_;
  bool part_has_text_ = false;
  bool is_behind_tag_;  // line breaks are left out
  size_t held_newlines_ = 0;
  std::unique_ptr<CallReader> call_;
  std::string raw_;  // bytes of `call_`, with its tag
  // Whole calls while reasoning is open, and their bytes with all since the first. They are calls
  // when the reply ends right there: models forget </think> before a call. When anything follows,
  // the model was only thinking of them.
  std::vector<ReplyEvent> reasoned_calls_;
  std::string reasoned_raw_;
  std::vector<ReplyEvent> events_;
};

// All of a reply at once.
Reply ParseReply(ReplyOptions options, absl::string_view text, bool is_cut);

}  // namespace lathe
