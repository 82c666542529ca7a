// A reply on stdout while it comes, with its reasoning shown, hidden or told apart.
//   ReplyOutput output(ReasoningMode::kShow, WriteStdout);
//   output.Take(parser.Push(text));
//   LATHE_RETURN_IF_ERROR(output.Finish());
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "frontend/reply/reply_event.h"
#include "nlohmann/json.hpp"

namespace lathe {

enum class ReasoningMode : uint8_t {
  kShow,  // between <think> and </think>, before the answer
  kHide,  // the answer alone
};

class ReplyOutput {
 public:
  using Writer = std::function<absl::Status(absl::string_view text)>;

  // Without a writer the reply is collected only.
  ReplyOutput(ReasoningMode mode, Writer writer) : mode_(mode), writer_(std::move(writer)) {}

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

  ReasoningMode mode_;
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
