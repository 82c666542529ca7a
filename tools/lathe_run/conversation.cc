#include "tools/lathe_run/conversation.h"

#include <utility>

#include "runtime/base/check.h"
#include "tools/lathe_run/prompt.h"
#include "tools/lathe_run/reply_output.h"

namespace lathe {

using Json = nlohmann::ordered_json;

Conversation::Conversation(const std::optional<std::string>& system) {
  if (system.has_value()) messages_.push_back(Message("system", *system));
  num_first_ = messages_.size();
}

void Conversation::Ask(absl::string_view question) {
  messages_.push_back(Message("user", question));
}

void Conversation::TakeBack() {
  LATHE_CHECK(messages_.size() > num_first_ && messages_.back()["role"] == "user")
      << "no question is open";
  messages_.erase(messages_.size() - 1);
}

void Conversation::Answer(const Reply& reply) {
  Json message = Message("assistant", reply.text);
  if (!reply.reasoning.empty()) message["reasoning_content"] = reply.reasoning;
  if (!reply.calls.empty()) message["tool_calls"] = CallsJson(reply.calls);
  messages_.push_back(std::move(message));
}

void Conversation::Reset() {
  while (messages_.size() > num_first_) messages_.erase(messages_.size() - 1);
}

std::string Conversation::SaveText() const {
  const Json json = {{"messages", messages_}};
  return json.dump(2, ' ', /*ensure_ascii=*/false, Json::error_handler_t::replace) + "\n";
}

}  // namespace lathe
