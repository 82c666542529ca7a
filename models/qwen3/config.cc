#include "models/qwen3/config.h"

#include "runtime/base/status_macros.h"

namespace lathe::qwen3 {

absl::StatusOr<Config> Config::Read(ConfigReader& reader) {
  Config config;
  config.decoder = ReadDecoderConfig(reader);
  config.intermediate_size = reader.Int("intermediate_size", kExtent);
  LATHE_RETURN_IF_ERROR(reader.Finish());
  return config;
}

}  // namespace lathe::qwen3
