// From words to the ids that the model reads.
//   LATHE_ASSIGN_OR_RETURN(PromptEncoder encoder, PromptEncoder::Create(artifact));
//   LATHE_ASSIGN_OR_RETURN(Prompt prompt, encoder.Encode({.prompt = "Hi"}, tokenizer));
#pragma once

#include <cstdint>
#include <vector>

#include "absl/status/statusor.h"
#include "frontend/chat/chat_template.h"
#include "frontend/reply/reply_format.h"
#include "frontend/tokenizer/tokenizer.h"
#include "nlohmann/json.hpp"
#include "runtime/artifact/artifact_reader.h"
#include "tools/lathe_run/request_line.h"

namespace lathe {

struct Prompt {
  std::vector<int32_t> ids;
  bool opens_reasoning = false;  // the answer starts inside reasoning
};

class PromptEncoder {
 public:
  // Reads the chat template of the artifact. One that is missing, or that cannot be read, is an
  // error of those who need it.
  static absl::StatusOr<PromptEncoder> Create(const Artifact& artifact);

  // NotFound without a chat template; else why it cannot be read.
  absl::Status CheckTemplate() const { return template_.status(); }
  // The form of answers, from the template.
  const ReplyFormat& reply_format() const { return reply_format_; }

  // The question of `fields`: its ids as they are, a raw prompt as it is, the chat template around
  // all else. Errors: CheckTemplate, those of the template, InvalidArgument for no token at all.
  absl::StatusOr<Prompt> Encode(const RequestFields& fields, const Tokenizer& tokenizer) const;

 private:
  PromptEncoder() = default;
  absl::StatusOr<Prompt> EncodeRaw(absl::string_view text, const Tokenizer& tokenizer) const;
  absl::StatusOr<Prompt> EncodeChat(ChatInput input, const Tokenizer& tokenizer) const;

  absl::StatusOr<ChatTemplate> template_;
  ReplyFormat reply_format_;
  SpecialTokens special_tokens_;
};

// {"role": role, "content": content}.
nlohmann::ordered_json Message(absl::string_view role, absl::string_view content);

}  // namespace lathe
