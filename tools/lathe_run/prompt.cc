#include "tools/lathe_run/prompt.h"

#include <ctime>
#include <string>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "runtime/base/check.h"
#include "runtime/base/status_macros.h"

namespace lathe {
namespace {

std::tm LocalTime() {
  std::time_t now = std::time(nullptr);
  std::tm local = {};
  localtime_r(&now, &local);
  return local;
}

}  // namespace

nlohmann::ordered_json Message(absl::string_view role, absl::string_view content) {
  return {{"role", std::string(role)}, {"content", std::string(content)}};
}

absl::StatusOr<PromptEncoder> PromptEncoder::Create(const RunOptions& options,
                                                    const Artifact& artifact) {
  PromptEncoder encoder;
  if (!artifact.HasSection("chat_template")) {
    if (options.raw) return encoder;
    return absl::NotFoundError(absl::StrCat(
        artifact.path(), " holds no chat template; give a --prompt as it is with --raw"));
  }
  LATHE_ASSIGN_OR_RETURN(absl::string_view source, artifact.Section("chat_template"));
  encoder.reply_format_ = DetectReplyFormat(source);
  if (options.raw) return encoder;
  LATHE_ASSIGN_OR_RETURN(encoder.template_, ChatTemplate::Parse(source, "chat_template"),
                         artifact.path());
  if (options.think.has_value()) encoder.input_.variables = {{"enable_thinking", *options.think}};
  for (const artifact::NamedText& token : artifact.manifest().special_tokens())
    encoder.input_.special_tokens.emplace_back(token.name(), token.text());
  encoder.input_.clock = LocalTime;
  return encoder;
}

absl::StatusOr<Prompt> PromptEncoder::Encode(nlohmann::ordered_json messages,
                                             const Tokenizer& tokenizer) const {
  LATHE_CHECK(template_.has_value()) << "a conversation without a chat template";
  ChatInput input = input_;
  input.messages = std::move(messages);
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
        "--prompt is empty; a model needs at least one token to start from");
  }
  return prompt;
}

absl::StatusOr<Prompt> EncodePrompt(const RunOptions& options, const PromptEncoder& encoder,
                                    const Tokenizer& tokenizer) {
  if (options.raw) return encoder.EncodeRaw(*options.prompt, tokenizer);
  nlohmann::ordered_json messages = nlohmann::ordered_json::array();
  if (options.system.has_value()) messages.push_back(Message("system", *options.system));
  messages.push_back(Message("user", *options.prompt));
  return encoder.Encode(std::move(messages), tokenizer);
}

}  // namespace lathe
