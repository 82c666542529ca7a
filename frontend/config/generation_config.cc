#include "frontend/config/generation_config.h"

#include <array>
#include <utility>

#include "absl/strings/str_cat.h"
#include "runtime/base/status_macros.h"

namespace lathe {
namespace {

constexpr IntRange kTokenId{0, (int64_t{1} << 31) - 1};
constexpr FloatRange kShare{0, 1};

// Settings of other search methods, with the value that turns each of them off (transformers
// GenerationConfig).
constexpr std::array<std::pair<absl::string_view, double>, 14> kNeutral = {{
    {"num_beams", 1},
    {"num_beam_groups", 1},
    {"num_return_sequences", 1},
    {"diversity_penalty", 0},
    {"encoder_no_repeat_ngram_size", 0},
    {"encoder_repetition_penalty", 1},
    {"epsilon_cutoff", 0},
    {"eta_cutoff", 0},
    {"length_penalty", 1},
    {"min_length", 0},
    {"no_repeat_ngram_size", 0},
    {"typical_p", 1},
    {"presence_penalty", 0},
    {"frequency_penalty", 0},
}};

void CheckNeutral(ConfigReader& reader) {
  for (const auto& [key, neutral] : kNeutral) {
    const double value = reader.FloatOr(key, neutral);
    if (value == neutral) continue;
    reader.FailUnsupported(
        key, absl::StrCat(value, " is not supported; only ", neutral, ", which turns it off"));
  }
}

}  // namespace

GenerationConfig ReadGenerationConfig(ConfigReader& reader, const GenerationConfig& defaults) {
  reader.Ignore({"_from_model_config", "transformers_version", "use_cache", "cache_implementation",
                 "output_attentions", "output_hidden_states", "output_scores", "output_logits",
                 "return_dict_in_generate", "trust_remote_code"});
  CheckNeutral(reader);
  GenerationConfig config = defaults;
  config.do_sample = reader.BoolOr("do_sample", defaults.do_sample);
  config.temperature = reader.FloatOr("temperature", defaults.temperature, {0});
  config.top_k = reader.IntOr("top_k", defaults.top_k, kCount);
  config.top_p = reader.FloatOr("top_p", defaults.top_p, kShare);
  config.min_p = reader.FloatOr("min_p", defaults.min_p, kShare);
  config.repetition_penalty =
      reader.FloatOr("repetition_penalty", defaults.repetition_penalty, kPositive);
  if (auto ids = reader.OptionalIntOrIntList("eos_token_id", kTokenId)) {
    config.eos_token_ids = *std::move(ids);
  }
  if (auto id = reader.OptionalInt("bos_token_id", kTokenId)) config.bos_token_id = id;
  if (auto id = reader.OptionalInt("pad_token_id", kTokenId)) config.pad_token_id = id;
  if (auto count = reader.OptionalInt("max_new_tokens", kExtent)) config.max_new_tokens = count;
  if (auto count = reader.OptionalInt("max_length", kExtent)) config.max_length = count;
  return config;
}

absl::StatusOr<GenerationConfig> LoadGenerationConfig(const std::string& folder,
                                                      const GenerationConfig& defaults,
                                                      absl::Span<const std::string> ignored_keys) {
  absl::StatusOr<ConfigReader> reader =
      ConfigReader::Open(absl::StrCat(folder, "/generation_config.json"), ignored_keys);
  if (absl::IsNotFound(reader.status())) return defaults;
  if (!reader.ok()) return reader.status();
  GenerationConfig config = ReadGenerationConfig(*reader, defaults);
  LATHE_RETURN_IF_ERROR(reader->Finish());
  return config;
}

}  // namespace lathe
