// The messages of a chat, in the form that chat templates and OpenAI's protocol have.
//   Conversation chat("be brief");
//   chat.Ask("2 + 2?");
//   chat.Answer(reply);
#pragma once

#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "frontend/reply/reply_event.h"
#include "nlohmann/json.hpp"

namespace lathe {

class Conversation {
 public:
  // With a system message in front, if there is one.
  explicit Conversation(const std::optional<std::string>& system);

  // What SaveText wrote. InvalidArgument for anything else.
  static absl::StatusOr<Conversation> Read(absl::string_view text);

  void Ask(absl::string_view question);
  // The last question stays unanswered: as if it had not been asked.
  void TakeBack();
  void Answer(const Reply& reply);
  // Back to the system message.
  void Reset();

  // {"role", "content"}, and of answers reasoning_content and tool_calls where there are any.
  const nlohmann::ordered_json& messages() const { return messages_; }
  // {"messages": [...]} for people and programs.
  std::string SaveText() const;

 private:
  nlohmann::ordered_json messages_ = nlohmann::ordered_json::array();
  size_t num_first_ = 0;  // messages that Reset keeps
};

}  // namespace lathe
