// A chat template: messages in, the prompt's text out. A subset of Jinja as transformers configures
// it, parsed once.
//   LATHE_ASSIGN_OR_RETURN(auto t, ChatTemplate::Parse(source, "chat_template.jinja"));
//   LATHE_ASSIGN_OR_RETURN(std::string prompt, t.Render({.messages = {{{"role", "user"},
//   {"content", "hi"}}}}));
#pragma once

#include <ctime>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "frontend/chat/limits.h"
#include "nlohmann/json.hpp"

namespace lathe {

// The variables bos_token, eos_token, ...: names and texts of those that a tokenizer has.
using SpecialTokens = std::vector<std::pair<std::string, std::string>>;

struct ChatInput {
  nlohmann::ordered_json messages =
      nlohmann::ordered_json::array();  // objects with role and content
  nlohmann::ordered_json tools;         // a list, or null
  bool add_generation_prompt = true;
  nlohmann::ordered_json
      variables;  // chat_template_kwargs (enable_thinking, documents, ...): an object, or null
  SpecialTokens special_tokens;
  std::function<std::tm()>
      clock;  // what strftime_now prints; a template that asks without it is refused
  ChatLimits limits;
};

class ChatTemplate {
 public:
  // `name` stands in front of messages. Errors, as "name:line:column: ...": InvalidArgument for
  // what is no template, Unimplemented for what this engine does not support.
  static absl::StatusOr<ChatTemplate> Parse(absl::string_view source, absl::string_view name);

  ChatTemplate(ChatTemplate&& other) noexcept;
  ChatTemplate& operator=(ChatTemplate&& other) noexcept;
  ~ChatTemplate();

  // May be called from several threads at once. Errors: InvalidArgument for input that is no
  // conversation, otherwise as "name:line: ...": what the template raises, what does not work on
  // this input, ResourceExhausted for a limit.
  absl::StatusOr<std::string> Render(const ChatInput& input) const;

 private:
  struct Parsed;
  explicit ChatTemplate(std::unique_ptr<const Parsed> parsed);
  std::unique_ptr<const Parsed> parsed_;
};

}  // namespace lathe
