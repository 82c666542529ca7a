// The configuration of a Qwen3 with mixtures of experts, as config.json gives it.
#pragma once

#include <cstdint>
#include <vector>

#include "absl/status/statusor.h"
#include "models/common/decoder_config.h"

namespace lathe::qwen3_moe {

struct Config {
  DecoderConfig decoder;
  int64_t intermediate_size = 0;  // of layers without experts
  int64_t num_experts = 0;
  int64_t top_k = 0;
  int64_t moe_intermediate_size = 0;  // of each expert
  bool norm_topk_prob = false;        // the weights of the chosen add up to 1
  std::vector<bool> is_moe;           // of each layer

  // Every key is read, or known to mean nothing for inference, or reported. Defaults are those of
  // transformers 5.23 configuration_qwen3_moe.py.
  static absl::StatusOr<Config> Read(ConfigReader& reader);
};

}  // namespace lathe::qwen3_moe
