// The configuration of a dense Qwen3, as config.json gives it.
#pragma once

#include <cstdint>

#include "absl/status/statusor.h"
#include "models/common/decoder_config.h"

namespace lathe::qwen3 {

struct Config {
  DecoderConfig decoder;
  int64_t intermediate_size = 0;

  // Every key is read, or known to mean nothing for inference, or reported.
  static absl::StatusOr<Config> Read(ConfigReader& reader);
};

}  // namespace lathe::qwen3
