// How a request wants its tokens chosen, and where that is said: the artifact, the command line,
// the request itself.
//   SamplingParams params = Resolve({OwnSettings(manifest.generation()), {.temperature = 0.6f}});
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/types/span.h"
#include "runtime/artifact/artifact.pb.h"

namespace lathe {

struct LogitBias {
  int32_t id = 0;
  float value = 0;  // added to the id's logit

  friend bool operator==(const LogitBias&, const LogitBias&) = default;
};

// Applied in this order (ops/sampling/source): masks and bias, penalties, temperature, top_k,
// top_p, min_p. As they are here: the likeliest token, whatever went before.
struct SamplingParams {
  std::vector<int32_t> allowed_ids = {};    // empty: all
  std::vector<int32_t> forbidden_ids = {};  // also where they are allowed
  int64_t min_tokens = 0;                   // no stop id is chosen before that many
  std::vector<LogitBias> logit_bias = {};
  float repetition_penalty = 1;  // l < 0 ? l * r : l / r for ids of the prompt and the output
  float frequency_penalty = 0;   // times the number of times that the output holds the id
  float presence_penalty = 0;    // once when the output holds the id
  float temperature = 0;         // below 1e-5: the largest logit, the lowest id on ties
  int64_t top_k = 0;             // 0: all
  float top_p = 1;
  float min_p = 0;
  uint64_t seed = 0;  // with a token's position all that its choice depends on besides the logits
  // Logarithms of probabilities of each chosen token and of so many of the likeliest.
  std::optional<int64_t> num_logprobs = std::nullopt;
};

inline constexpr int64_t kMaxLogprobs = 20;

// What the values may be, ends included: for CheckSampling, and for those who read them from
// people and know better what to call them.
template <typename T>
struct NumberRange {
  T least;
  T most;
};

inline constexpr NumberRange<double> kTemperatureRange = {0, 100};
inline constexpr NumberRange<int64_t> kTopKRange = {0, std::numeric_limits<int32_t>::max()};
inline constexpr NumberRange<double> kTopPRange = {0, 1};
inline constexpr NumberRange<double> kMinPRange = {0, 1};
inline constexpr NumberRange<double> kRepetitionPenaltyRange = {0.01, 100};
inline constexpr NumberRange<double> kPresencePenaltyRange = {-2, 2};
inline constexpr NumberRange<double> kFrequencyPenaltyRange = {-2, 2};
inline constexpr NumberRange<double> kLogitBiasRange = {-100, 100};
inline constexpr NumberRange<int64_t> kMinTokensRange = {0, std::numeric_limits<int32_t>::max()};
inline constexpr NumberRange<int64_t> kLogprobsRange = {0, kMaxLogprobs};

// The part that an artifact has defaults for. What is left out is for the next one to say.
struct SamplingSettings {
  std::optional<float> temperature = std::nullopt;
  std::optional<int64_t> top_k = std::nullopt;
  std::optional<float> top_p = std::nullopt;
  std::optional<float> min_p = std::nullopt;
  std::optional<float> repetition_penalty = std::nullopt;
  std::optional<float> frequency_penalty = std::nullopt;
  std::optional<float> presence_penalty = std::nullopt;
};

// What the model was published with. Without sampling (do_sample) it is temperature 0, and what the
// file says of top_k, top_p and min_p is off, as in transformers.
SamplingSettings OwnSettings(const artifact::GenerationDefaults& defaults);

// `sources`: each overrules those before it. What none says is neutral: temperature 1, no filter,
// no penalty.
SamplingParams Resolve(absl::Span<const SamplingSettings> sources);

// InvalidArgument that names the field, its value and its range, or the first id that the model
// (ids below `vocab_size`) does not have.
absl::Status CheckSampling(const SamplingParams& params, int64_t vocab_size);

// "greedy", "temperature 0.6, top_k 20, top_p 0.95, seed 7", "greedy, repetition_penalty 1.05": the
// values that are not neutral, for people.
std::string SamplingText(const SamplingParams& params);

// Whether the likeliest token is chosen, whatever went before.
bool IsPlainChoice(const SamplingParams& params);

}  // namespace lathe
