#include "tools/lathe_run/prompt.h"

#include <ctime>
#include <string>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "runtime/base/status_macros.h"

namespace lathe {
namespace {

std::tm LocalTime() {
  std::time_t now = std::time(nullptr);
  std::tm local = {};
  localtime_r(&now, &local);
  return local;
}

// The conversation that a request continues.
nlohmann::ordered_json Messages(const RequestFields& fields) {
  if (fields.messages.has_value()) return *fields.messages;
  nlohmann::ordered_json messages = nlohmann::ordered_json::array();
  if (fields.system.has_value()) messages.push_back(Message("system", *fields.system));
  messages.push_back(Message("user", fields.prompt.value_or("")));
  return messages;
}

}  // namespace

nlohmann::ordered_json Message(absl::string_view role, absl::string_view content) {
  return {{"role", std::string(role)}, {"content", std::string(content)}};
}

absl::StatusOr<PromptEncoder> PromptEncoder::Create(const Artifact& artifact) {
  PromptEncoder encoder;
  if (!artifact.HasSection("chat_template")) {
    encoder.template_ = absl::NotFoundError(absl::StrCat(
        artifact.path(), " holds no chat template; give a prompt as it is, with --raw"));
    return encoder;
  }
  LATHE_ASSIGN_OR_RETURN(absl::string_view source, artifact.Section("chat_template"));
  encoder.reply_format_ = DetectReplyFormat(source);
  encoder.template_ = ChatTemplate::Parse(source, "chat_template");
  if (!encoder.template_.ok())
    encoder.template_ = Annotate(encoder.template_.status(), artifact.path());
  for (const artifact::NamedText& token : artifact.manifest().special_tokens())
    encoder.special_tokens_.emplace_back(token.name(), token.text());
  return encoder;
}

absl::StatusOr<Prompt> PromptEncoder::Encode(const RequestFields& fields,
                                             const Tokenizer& tokenizer) const {
  if (!fields.token_ids.empty()) {
    const std::string text = tokenizer.Decode(fields.token_ids);
    return Prompt{.ids = fields.token_ids,
                  .opens_reasoning = reply_format_.has_think_tags && ReasoningIsOpen(text)};
  }
  if (fields.raw.value_or(false) && fields.prompt.has_value())
    return EncodeRaw(*fields.prompt, tokenizer);
  ChatInput input;
  input.messages = Messages(fields);
  input.variables = fields.template_variables;
  input.special_tokens = special_tokens_;
  input.clock = LocalTime;
  if (fields.tools.has_value()) input.tools = fields.tools->list;
  if (fields.think.has_value()) input.variables["enable_thinking"] = *fields.think;
  return EncodeChat(std::move(input), tokenizer);
}

absl::StatusOr<Prompt> PromptEncoder::EncodeChat(ChatInput input,
                                                 const Tokenizer& tokenizer) const {
  LATHE_RETURN_IF_ERROR(CheckTemplate());
  LATHE_ASSIGN_OR_RETURN(const std::string text, template_->Render(input));
  // What asks for the answer is what stands behind the conversation alone.
  input.add_generation_prompt = false;
  LATHE_ASSIGN_OR_RETURN(const std::string conversation, template_->Render(input));
  absl::string_view question = text;
  if (absl::StartsWith(text, conversation)) question.remove_prefix(conversation.size());
  Prompt prompt{.ids = tokenizer.Encode(text, {.parse_special = true, .add_template = false}),
                .opens_reasoning = reply_format_.has_think_tags && ReasoningIsOpen(question)};
  if (prompt.ids.empty()) {
    return absl::InvalidArgumentError(
        "the chat template makes nothing of the conversation; a model needs at least one token to "
        "start from");
  }
  return prompt;
}

absl::StatusOr<Prompt> PromptEncoder::EncodeRaw(absl::string_view text,
                                                const Tokenizer& tokenizer) const {
  Prompt prompt{.ids = tokenizer.Encode(text, {.parse_special = true, .add_template = true}),
                .opens_reasoning = reply_format_.has_think_tags && ReasoningIsOpen(text)};
  if (prompt.ids.empty()) {
    return absl::InvalidArgumentError(
        "the prompt is empty; a model needs at least one token to start from");
  }
  return prompt;
}

}  // namespace lathe
