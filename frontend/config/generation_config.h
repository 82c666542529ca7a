// How a checkpoint wants its tokens chosen: generation_config.json, an optional file, over the
// token ids of config.json.
//   GenerationConfig defaults{.eos_token_ids = common.eos_token_ids, .bos_token_id =
//   common.bos_token_id}; LATHE_ASSIGN_OR_RETURN(GenerationConfig generation,
//   LoadGenerationConfig(folder, defaults));
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "frontend/config/config_reader.h"

namespace lathe {

// The values without a file are neutral: greedy, nothing filtered, nothing penalised.
struct GenerationConfig {
  bool do_sample = false;  // false = greedy, whatever the next five say
  double temperature = 1;
  int64_t top_k = 0;  // 0 = off
  double top_p = 1;
  double min_p = 0;
  double repetition_penalty = 1;
  // Any of them ends the text.
  std::vector<int64_t> eos_token_ids = {};
  std::optional<int64_t> bos_token_id = {};
  std::optional<int64_t> pad_token_id = {};
  std::optional<int64_t> max_new_tokens = {};
  std::optional<int64_t> max_length = {};  // prompt included
};

// Takes from the file what it says and the rest from `defaults`; its eos_token_id replaces the
// whole list. Problems go to the reader. Settings of search methods other than sampling (num_beams,
// ...) must have their neutral values, or are unsupported.
GenerationConfig ReadGenerationConfig(ConfigReader& reader, const GenerationConfig& defaults);

// `defaults` when the folder has no generation_config.json. `ignored_keys` as for ConfigReader.
absl::StatusOr<GenerationConfig> LoadGenerationConfig(
    const std::string& folder, const GenerationConfig& defaults,
    absl::Span<const std::string> ignored_keys = {});

}  // namespace lathe
