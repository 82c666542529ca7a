#include "tools/lathe_run/reply_output.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "frontend/json/json_text.h"

namespace lathe {

using Kind = ReplyEvent::Kind;

std::optional<Reasoning> ReasoningCalled(absl::string_view name) {
  if (name == "show") return Reasoning::kShow;
  if (name == "hide") return Reasoning::kHide;
  if (name == "json") return Reasoning::kApart;
  return std::nullopt;
}

void ReplyOutput::Take(const std::vector<ReplyEvent>& events) {
  for (const ReplyEvent& event : events) {
    reply_.Add(event);
    Show(event);
  }
  if (!line_.empty() && writer_ && status_.ok()) status_ = writer_(line_);
  line_.clear();
}

void ReplyOutput::Show(const ReplyEvent& event) {
  switch (event.kind) {
    case Kind::kReasoning:
      if (mode_ == Reasoning::kHide) return;
      if (!is_reasoning_) {
        EndLine();
        Write("<think>\n");
        is_reasoning_ = true;
      }
      Write(event.text);
      return;
    case Kind::kText:
      EndReasoning();
      Write(event.text);
      return;
    case Kind::kCall:
      EndReasoning();
      EndLine();
      Write(absl::StrCat("{\"tool_call\":{\"name\":", JsonString(event.call.name),
                         ",\"arguments\":", event.call.arguments, "}}\n"));
      return;
    case Kind::kNote:
      return;  // words about the reply are no part of it
  }
}

void ReplyOutput::EndReasoning() {
  if (!is_reasoning_) return;
  EndLine();
  Write("</think>\n\n");
  is_reasoning_ = false;
}

void ReplyOutput::EndLine() {
  if (!is_at_line_start_) Write("\n");
}

void ReplyOutput::Write(absl::string_view text) {
  if (text.empty()) return;
  absl::StrAppend(&line_, text);
  is_at_line_start_ = text.back() == '\n';
  has_written_ = true;
}

// An answer of nothing is an empty line, so that there is one for each.
absl::Status ReplyOutput::Finish() {
  if (!is_at_line_start_ || !has_written_) Write("\n");
  Take({});
  return status_;
}

nlohmann::ordered_json CallsJson(const std::vector<ToolCall>& calls) {
  nlohmann::ordered_json json = nlohmann::ordered_json::array();
  for (const ToolCall& call : calls) {
    json.push_back(
        {{"type", "function"}, {"function", {{"name", call.name}, {"arguments", call.arguments}}}});
  }
  return json;
}

}  // namespace lathe
