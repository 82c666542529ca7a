#include "frontend/chat/chat_template.h"

#include "absl/strings/str_cat.h"
#include "frontend/chat/builtins.h"
#include "frontend/chat/evaluator.h"
#include "frontend/chat/parser.h"
#include "frontend/chat/scope.h"
#include "frontend/chat/value_json.h"
#include "runtime/base/status_macros.h"

namespace lathe {
namespace {

constexpr absl::string_view kOwnVariables[] = {"messages", "tools", "add_generation_prompt"};

// The order of transformers' apply_chat_template: special tokens first, so that a variable may
// replace one.
absl::Status SetVariables(const ChatInput& input, Scope* scope) {
  for (const auto& [name, text] : input.special_tokens) scope->Set(name, Value::String(text));
  LATHE_ASSIGN_OR_RETURN(Value messages, MessagesFromJson(input.messages));
  LATHE_ASSIGN_OR_RETURN(Value tools, ValueFromJson(input.tools), "tools");
  if (!tools.is_none() && !tools.is_list()) {
    return absl::InvalidArgumentError(
        absl::StrCat("tools: is of type ", input.tools.type_name(), ", expected a list or null"));
  }
  scope->Set("messages", std::move(messages));
  scope->Set("tools", std::move(tools));
  scope->Set("documents", Value::None());
  scope->Set("add_generation_prompt", Value::Bool(input.add_generation_prompt));
  if (input.variables.is_null()) return absl::OkStatus();
  if (!input.variables.is_object()) {
    return absl::InvalidArgumentError(absl::StrCat(
        "chat_template_kwargs: is of type ", input.variables.type_name(), ", expected an object"));
  }
  for (auto entry = input.variables.begin(); entry != input.variables.end(); ++entry) {
    for (absl::string_view own : kOwnVariables) {
      if (entry.key() != own) continue;
      return absl::InvalidArgumentError(
          absl::StrCat("chat_template_kwargs: '", own, "' is set by the request itself"));
    }
    LATHE_ASSIGN_OR_RETURN(Value value, ValueFromJson(*entry),
                           "chat_template_kwargs: ", entry.key());
    scope->Set(entry.key(), std::move(value));
  }
  return absl::OkStatus();
}

}  // namespace

struct ChatTemplate::Parsed {
  std::string name;
  Body body;
};

ChatTemplate::ChatTemplate(std::unique_ptr<const Parsed> parsed) : parsed_(std::move(parsed)) {}
ChatTemplate::ChatTemplate(ChatTemplate&& other) noexcept = default;
ChatTemplate& ChatTemplate::operator=(ChatTemplate&& other) noexcept = default;
ChatTemplate::~ChatTemplate() = default;

absl::StatusOr<ChatTemplate> ChatTemplate::Parse(absl::string_view source, absl::string_view name) {
  LATHE_ASSIGN_OR_RETURN(Body body, ParseTemplate(source, name));
  return ChatTemplate(std::make_unique<const Parsed>(Parsed{std::string(name), std::move(body)}));
}

absl::StatusOr<std::string> ChatTemplate::Render(const ChatInput& input) const {
  Runtime runtime(input.limits);
  runtime.clock = input.clock;
  Scope root(nullptr);
  LATHE_RETURN_IF_ERROR(SetVariables(input, &root));
  return Evaluator(parsed_->name, &runtime).Run(parsed_->body, &root);
}

}  // namespace lathe
