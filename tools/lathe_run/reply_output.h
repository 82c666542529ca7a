// A reply on stdout while it comes, with its reasoning shown, hidden or told apart.
//   ReplyOutput output(Reasoning::kShow, WriteStdout);
//   output.Take(parser.Push(text));
//   LATHE_RETURN_IF_ERROR(output.Finish());
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "frontend/reply/reply_event.h"
#include "nlohmann/json.hpp"

namespace lathe {

// What becomes of the reasoning in front of an answer.
enum class Reasoning : uint8_t {
  kShow,   // between <think> and </think>, before the answer
  kHide,   // the answer alone
  kApart,  // "json": a text of its own beside the answer
};

// By its name, "show", "hide" or "json"; none for any other.
std::optional<Reasoning> ReasoningCalled(absl::string_view name);

class ReplyOutput {
 public:
  using Writer = std::function<absl::Status(absl::string_view text)>;

  // Without a writer the reply is collected only.
  ReplyOutput(Reasoning mode, Writer writer) : mode_(mode), writer_(std::move(writer)) {}

  // Writes what `events` add; a call is a line of JSON. After an error nothing more is written.
  void Take(const std::vector<ReplyEvent>& events);
  // Ends the last line.
  absl::Status Finish();

  const absl::Status& status() const { return status_; }
  // All so far.
  const Reply& reply() const { return reply_; }

 private:
  void Show(const ReplyEvent& event);
  void EndReasoning();
  void EndLine();
  void Write(absl::string_view text);

  Reasoning mode_;
  Writer writer_;
  Reply reply_;
  std::string line_;  // what the current Take writes
  bool is_reasoning_ = false;
  bool is_at_line_start_ = true;
  bool has_written_ = false;
  absl::Status status_;
};

// Calls as OpenAI's protocol has them in a message: arguments are text.
nlohmann::ordered_json CallsJson(const std::vector<ToolCall>& calls);

}  // namespace lathe
