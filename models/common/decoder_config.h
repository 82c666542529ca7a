// What decoders of the Qwen3 kind have in common, as config.json gives it: all but what follows the
// attention of a layer.
#pragma once

#include <cstdint>
#include <vector>

#include "frontend/config/common_fields.h"
#include "frontend/config/config_reader.h"
#include "frontend/config/rope_config.h"

namespace lathe {

struct DecoderConfig {
  CommonFields common;
  int64_t vocab_size = 0;
  int64_t hidden_size = 0;
  int64_t num_layers = 0;
  int64_t num_heads = 0;
  int64_t num_kv_heads = 0;
  int64_t head_dim = 0;  // not hidden_size / num_heads: the 0.6B model has 128, not 64
  double rms_norm_eps = 1e-6;
  bool attention_bias = false;  // on q, k, v and o
  int64_t max_position_embeddings = 0;
  RopeConfig rope;
  // Of each layer: how many keys a query sees, itself included; 0 = all.
  std::vector<int64_t> window;
};

// Reads these keys; the family reads its own and calls reader.Finish(). Defaults are those of
// transformers 5.23 configuration_qwen3.py where a published model relies on them. Problems are
// reported by the reader.
DecoderConfig ReadDecoderConfig(ConfigReader& reader);

}  // namespace lathe
