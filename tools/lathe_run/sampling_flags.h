// The flags that say how tokens are chosen, and what they and the artifact's own defaults come to.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "runtime/artifact/artifact.pb.h"
#include "runtime/generate/sampling_params.h"
#include "tools/common/flags.h"

namespace lathe {

struct SamplingFlags {
  std::optional<double> temperature = std::nullopt;
  std::optional<int64_t> top_k = std::nullopt;
  std::optional<double> top_p = std::nullopt;
  std::optional<double> min_p = std::nullopt;
  std::optional<double> repeat_penalty = std::nullopt;
  std::optional<double> presence_penalty = std::nullopt;
  std::optional<double> frequency_penalty = std::nullopt;
  std::vector<std::string> logit_bias = {};  // "ID:BIAS"
  std::optional<int64_t> seed = std::nullopt;
  std::vector<std::string> stop = {};
  bool ignore_eos = false;
  std::optional<int64_t> min_tokens = std::nullopt;
  std::optional<int64_t> logprobs = std::nullopt;

  friend bool operator==(const SamplingFlags&, const SamplingFlags&) = default;
};

// Adds a group to `table`. `flags` must outlive it.
void AddSamplingFlags(SamplingFlags& flags, FlagTable& table);

// InvalidArgument for what is wrong whatever the artifact: an empty --stop, a --logit-bias that
// cannot be read.
absl::Status CheckSamplingFlags(const SamplingFlags& flags);

// The flags over what the artifact says; without --seed, one that nobody can foresee. The flags
// have been checked. InvalidArgument when flags of sampling meet a model that chooses greedily.
absl::StatusOr<SamplingParams> MakeSampling(const SamplingFlags& flags,
                                            const artifact::GenerationDefaults& defaults);

// The ids that end a text: the artifact's own, none of them with --ignore-eos.
std::vector<int32_t> StopIds(const SamplingFlags& flags,
                             const artifact::GenerationDefaults& defaults);

}  // namespace lathe
