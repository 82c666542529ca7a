// The chat template and the special tokens of a model folder in the layout of Hugging Face.
#pragma once

#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "frontend/chat/chat_template.h"

namespace lathe {

// The source of the template: chat_template.jinja; else chat_template of tokenizer_config.json, a
// string or a list of named ones
// ("tool_use" with tools, where there is one, else "default"); else chat_template of
// chat_template.json. None where a folder has none of these. Errors: InvalidArgument, naming file
// and key, for a file that is not what it should be.
absl::StatusOr<std::optional<std::string>> LoadChatTemplate(const std::string& model_dir,
                                                            bool has_tools);

// bos_token, eos_token and their kin of tokenizer_config.json, each a string or an object with
// "content"; null ones are left out. Without the file there are none. Errors: as LoadChatTemplate.
absl::StatusOr<SpecialTokens> LoadSpecialTokens(const std::string& model_dir);

}  // namespace lathe
