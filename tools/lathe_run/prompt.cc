#include "tools/lathe_run/prompt.h"

#include <ctime>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "frontend/chat/chat_template.h"
#include "runtime/base/status_macros.h"

namespace lathe {
namespace {

std::tm LocalTime() {
  std::time_t now = std::time(nullptr);
  std::tm local = {};
  localtime_r(&now, &local);
  return local;
}

ChatInput MakeChat(const RunOptions& options, const artifact::Manifest& manifest) {
  ChatInput input;
  if (options.system.has_value())
    input.messages.push_back({{"role", "system"}, {"content", *options.system}});
  input.messages.push_back({{"role", "user"}, {"content", *options.prompt}});
  if (options.think.has_value()) input.variables = {{"enable_thinking", *options.think}};
  for (const artifact::NamedText& token : manifest.special_tokens())
    input.special_tokens.emplace_back(token.name(), token.text());
  input.clock = LocalTime;
  return input;
}

absl::StatusOr<std::string> RenderChat(const RunOptions& options, const Artifact& artifact) {
  if (!artifact.HasSection("chat_template")) {
    return absl::NotFoundError(absl::StrCat(
        artifact.path(), " holds no chat template; give the prompt as it is with --raw"));
  }
  LATHE_ASSIGN_OR_RETURN(absl::string_view source, artifact.Section("chat_template"));
  LATHE_ASSIGN_OR_RETURN(ChatTemplate chat, ChatTemplate::Parse(source, "chat_template"),
                         artifact.path());
  return chat.Render(MakeChat(options, artifact.manifest()));
}

}  // namespace

absl::StatusOr<std::vector<int32_t>> EncodePrompt(const RunOptions& options,
                                                  const Artifact& artifact,
                                                  const Tokenizer& tokenizer) {
  std::string text = *options.prompt;
  if (!options.raw) {
    LATHE_ASSIGN_OR_RETURN(text, RenderChat(options, artifact));
  }
  std::vector<int32_t> ids =
      tokenizer.Encode(text, {.parse_special = true, .add_template = options.raw});
  if (ids.empty())
    return absl::InvalidArgumentError(
        "--prompt is empty; a model needs at least one token to start from");
  return ids;
}

}  // namespace lathe
