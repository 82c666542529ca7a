#include "tools/lathe_run/conversation.h"

#include <algorithm>
#include <utility>

#include "frontend/json/json_tree.h"
#include "frontend/json/json_value.h"
#include "runtime/base/check.h"
#include "runtime/base/status_macros.h"
#include "tools/lathe_run/prompt.h"
#include "tools/lathe_run/reply_output.h"

namespace lathe {

using Json = nlohmann::ordered_json;

Conversation::Conversation(const std::optional<std::string>& system) {
  if (system.has_value()) messages_.push_back(Message("system", *system));
  num_first_ = messages_.size();
}

absl::StatusOr<Conversation> Conversation::Read(absl::string_view text) {
  LATHE_ASSIGN_OR_RETURN(const JsonValue root, ParseJson(text, "the conversation"));
  const JsonValue* messages = root.Find("messages");
  const bool is_list = messages != nullptr && messages->kind == JsonValue::Kind::kList;
  auto is_message = [](const JsonValue& message) {
    for (const char* key : {"role", "content"}) {
      const JsonValue* value = message.Find(key);
      if (value == nullptr || value->kind != JsonValue::Kind::kString) return false;
    }
    return true;
  };
  if (!is_list || !std::all_of(messages->items.begin(), messages->items.end(), is_message)) {
    return absl::InvalidArgumentError(
        "the conversation is not {\"messages\": [{\"role\": ..., \"content\": ...}, ...]}");
  }
  Conversation conversation(std::nullopt);
  conversation.messages_ = JsonTree(*messages);
  const bool has_system =
      !messages->items.empty() && messages->items[0].Find("role")->text == "system";
  conversation.num_first_ = has_system ? 1 : 0;
  return conversation;
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
