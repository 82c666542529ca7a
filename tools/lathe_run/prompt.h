// From words to the ids that the model reads.
//   LATHE_ASSIGN_OR_RETURN(PromptEncoder encoder, PromptEncoder::Create(options, artifact));
//   LATHE_ASSIGN_OR_RETURN(Prompt prompt, encoder.Encode(messages, tokenizer));
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "absl/status/statusor.h"
#include "frontend/chat/chat_template.h"
#include "frontend/reply/reply_format.h"
#include "frontend/tokenizer/tokenizer.h"
#include "nlohmann/json.hpp"
#include "runtime/artifact/artifact_reader.h"
#include "tools/lathe_run/options.h"

namespace lathe {

struct Prompt {
  std::vector<int32_t> ids;
  bool opens_reasoning = false;  // the answer starts inside reasoning
};

class PromptEncoder {
 public:
  // Reads the chat template of the artifact; NotFound when it has none and the options want one.
  static absl::StatusOr<PromptEncoder> Create(const RunOptions& options, const Artifact& artifact);

  // The form of answers, from the template.
  const ReplyFormat& reply_format() const { return reply_format_; }

  // The chat template around a conversation that waits for an answer.
  absl::StatusOr<Prompt> Encode(nlohmann::ordered_json messages, const Tokenizer& tokenizer) const;
  // `text` as it is. InvalidArgument when it is empty.
  absl::StatusOr<Prompt> EncodeRaw(absl::string_view text, const Tokenizer& tokenizer) const;

 private:
  PromptEncoder() = default;

  std::optional<ChatTemplate> template_;
  ReplyFormat reply_format_;
  ChatInput input_;  // without messages
};

// {"role": role, "content": content}.
nlohmann::ordered_json Message(absl::string_view role, absl::string_view content);

// What --prompt, --system and --raw ask.
absl::StatusOr<Prompt> EncodePrompt(const RunOptions& options, const PromptEncoder& encoder,
                                    const Tokenizer& tokenizer);

}  // namespace lathe
