// How tokens are to be chosen, as people say it: on the command line, in a line of --requests. One
// table holds the numbers, with the names and ranges that both have.
//   SamplingValues values = Over(flags, request);
//   LATHE_ASSIGN_OR_RETURN(SamplingParams params, MakeSampling(values, manifest.generation()));
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "runtime/artifact/artifact.pb.h"
#include "runtime/generate/sampling_params.h"

namespace lathe {

// What is left out is for others to say.
struct SamplingValues {
  std::optional<double> temperature = std::nullopt;
  std::optional<int64_t> top_k = std::nullopt;
  std::optional<double> top_p = std::nullopt;
  std::optional<double> min_p = std::nullopt;
  std::optional<double> repetition_penalty = std::nullopt;
  std::optional<double> presence_penalty = std::nullopt;
  std::optional<double> frequency_penalty = std::nullopt;
  std::optional<int64_t> seed = std::nullopt;
  std::optional<int64_t> min_tokens = std::nullopt;
  std::optional<int64_t> logprobs = std::nullopt;
  std::optional<bool> ignore_eos = std::nullopt;
  std::vector<LogitBias> logit_bias = {};
  std::vector<std::string> stop = {};     // none empty
  std::vector<int32_t> stop_ids = {};     // besides the artifact's own
  std::vector<int32_t> allowed_ids = {};  // empty: all
  std::vector<int32_t> forbidden_ids = {};

  friend bool operator==(const SamplingValues&, const SamplingValues&) = default;
};

struct RealNumber {
  std::optional<double> SamplingValues::*value;
  NumberRange<double> range;
};
struct WholeNumber {
  std::optional<int64_t> SamplingValues::*value;
  NumberRange<int64_t> range;
};

// A line of the table.
struct SamplingNumber {
  const char* key;   // of a request: "top_k"
  const char* flag;  // "top-k"
  std::variant<RealNumber, WholeNumber> number;
  const char* unit;    // "tokens", or ""
  const char* absent;  // what happens without it
  const char* help;
};

absl::Span<const SamplingNumber> SamplingNumbers();

// `over` where it says something, else `under`. A list of `over` takes the place of that of
// `under`, but for an empty one.
SamplingValues Over(const SamplingValues& under, const SamplingValues& over);

// `values` over what the artifact says; without a seed, one that nobody can foresee.
// InvalidArgument when they are to filter what a model chooses greedily.
absl::StatusOr<SamplingParams> MakeSampling(const SamplingValues& values,
                                            const artifact::GenerationDefaults& defaults);

// The ids that end a text: those asked for, and the artifact's own unless `values` ignore them.
std::vector<int32_t> StopIds(const SamplingValues& values,
                             const artifact::GenerationDefaults& defaults);

}  // namespace lathe
