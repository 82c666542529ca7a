// The fields of config.json that mean the same in every family, and where they stand: at the top,
// or in text_config with the top level behind it.
//   std::optional<ConfigReader> inner = root.OptionalObject("text_config");
//   ConfigReader& text = inner ? *inner : root;
//   CommonFields common = ReadCommonFields(root, text);
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "frontend/config/config_reader.h"
#include "runtime/base/dtype.h"

namespace lathe {

struct CommonFields {
  // What the checkpoint is: the first of `architectures`, and model_type; "" when absent.
  std::string architecture;
  std::string model_type;
  // Of tensors that are not quantised.
  DType dtype = DType::kBF16;
  std::vector<int64_t> eos_token_ids;
  std::optional<int64_t> bos_token_id;
  std::optional<int64_t> pad_token_id;
  bool tie_word_embeddings = false;
};

// Also lists the keys without meaning for inference (IgnoreInferenceKeys) in both objects. `root`
// and `text` may be the same.
CommonFields ReadCommonFields(ConfigReader& root, ConfigReader& text);

// Keys that describe training, or how the reference implementation runs: they never change what the
// model computes.
void IgnoreInferenceKeys(ConfigReader& reader);

}  // namespace lathe
