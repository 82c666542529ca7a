// What an artifact holds besides program, code and weights: everything that a runner needs to talk
// to the model.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "runtime/artifact/artifact.pb.h"

namespace lathe {

struct Attachments {
  std::string model_name;
  std::string tokenizer;  // binary tables
  int64_t tokenizer_size = 0;
  std::string chat_template;  // "" when the model has none
  std::vector<std::pair<std::string, std::string>>
      special_tokens;  // bos_token, ...: variables of the template
  artifact::GenerationDefaults generation;
  std::string cases;  // JSON list of inputs with expected outputs, or ""
  std::string
      options;  // what shaped the artifact, in canonical order: "--precision=bf16 --target=cpu"
  uint64_t source_hash = 0;  // of the files that were read, tensors excepted
  // Text to keep for inspection: ("ir.fuse", module), ...
  std::vector<std::pair<std::string, std::string>> texts;
};

}  // namespace lathe
