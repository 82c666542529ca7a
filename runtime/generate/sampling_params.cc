#include "runtime/generate/sampling_params.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "ops/sampling/source/sample_row.h"
#include "runtime/base/status_macros.h"

namespace lathe {
namespace {

// A NaN is outside of every range. The ends are rounded as the value was.
template <typename T, typename Bound>
absl::Status CheckRange(absl::string_view name, T value, const NumberRange<Bound>& range) {
  const auto least = static_cast<T>(range.least);
  const auto most = static_cast<T>(range.most);
  if (value >= least && value <= most) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat(name, " is ", value, ", expected ", least, " to ", most));
}

absl::Status CheckId(absl::string_view name, size_t index, int32_t id, int64_t vocab_size) {
  if (id >= 0 && id < vocab_size) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat(
      name, "[", index, "] is ", id, ", but the model's ids go from 0 to ", vocab_size - 1));
}

absl::Status CheckIds(absl::string_view name, absl::Span<const int32_t> ids, int64_t vocab_size) {
  for (size_t i = 0; i < ids.size(); ++i)
    LATHE_RETURN_IF_ERROR(CheckId(name, i, ids[i], vocab_size));
  return absl::OkStatus();
}

bool IsGreedy(const SamplingParams& params) {
  return params.temperature < sampling::kLeastTemperature;
}

}  // namespace

SamplingSettings OwnSettings(const artifact::GenerationDefaults& defaults) {
  SamplingSettings settings;
  // 0 stands for "not said" in this one field: no model is published with it.
  if (defaults.repetition_penalty() != 0)
    settings.repetition_penalty = defaults.repetition_penalty();
  settings.temperature = defaults.do_sample() ? defaults.temperature() : 0;
  if (!defaults.do_sample()) return settings;
  settings.top_k = defaults.top_k();
  settings.top_p = defaults.top_p();
  settings.min_p = defaults.min_p();
  return settings;
}

SamplingParams Resolve(absl::Span<const SamplingSettings> sources) {
  SamplingParams params{.temperature = 1};
  for (const SamplingSettings& source : sources) {
    params.temperature = source.temperature.value_or(params.temperature);
    params.top_k = source.top_k.value_or(params.top_k);
    params.top_p = source.top_p.value_or(params.top_p);
    params.min_p = source.min_p.value_or(params.min_p);
    params.repetition_penalty = source.repetition_penalty.value_or(params.repetition_penalty);
    params.frequency_penalty = source.frequency_penalty.value_or(params.frequency_penalty);
    params.presence_penalty = source.presence_penalty.value_or(params.presence_penalty);
  }
  return params;
}

absl::Status CheckSampling(const SamplingParams& params, int64_t vocab_size) {
  LATHE_RETURN_IF_ERROR(CheckRange("temperature", params.temperature, kTemperatureRange));
  LATHE_RETURN_IF_ERROR(CheckRange("top_k", params.top_k, kTopKRange));
  LATHE_RETURN_IF_ERROR(CheckRange("top_p", params.top_p, kTopPRange));
  LATHE_RETURN_IF_ERROR(CheckRange("min_p", params.min_p, kMinPRange));
  LATHE_RETURN_IF_ERROR(
      CheckRange("repetition_penalty", params.repetition_penalty, kRepetitionPenaltyRange));
  LATHE_RETURN_IF_ERROR(
      CheckRange("frequency_penalty", params.frequency_penalty, kFrequencyPenaltyRange));
  LATHE_RETURN_IF_ERROR(
      CheckRange("presence_penalty", params.presence_penalty, kPresencePenaltyRange));
  LATHE_RETURN_IF_ERROR(CheckRange("min_tokens", params.min_tokens, kMinTokensRange));
  LATHE_RETURN_IF_ERROR(
      CheckRange("num_logprobs", params.num_logprobs.value_or(0), kLogprobsRange));
  LATHE_RETURN_IF_ERROR(CheckIds("allowed_ids", params.allowed_ids, vocab_size));
  LATHE_RETURN_IF_ERROR(CheckIds("forbidden_ids", params.forbidden_ids, vocab_size));
  for (size_t i = 0; i < params.logit_bias.size(); ++i) {
    const LogitBias& bias = params.logit_bias[i];
    LATHE_RETURN_IF_ERROR(CheckId("logit_bias", i, bias.id, vocab_size));
    LATHE_RETURN_IF_ERROR(
        CheckRange(absl::StrCat("logit_bias of id ", bias.id), bias.value, kLogitBiasRange));
  }
  if (vocab_size <= sampling::kMaxVocabulary) return absl::OkStatus();
  return absl::UnimplementedError(absl::StrCat("a vocabulary of ", vocab_size,
                                               " ids; tokens are chosen from at most ",
                                               sampling::kMaxVocabulary));
}

std::string SamplingText(const SamplingParams& params) {
  const SamplingParams neutral;
  std::vector<std::string> parts;
  auto add = [&parts](absl::string_view name, auto value, auto off) {
    if (value != off) parts.push_back(absl::StrCat(name, " ", value));
  };
  if (IsGreedy(params)) {
    parts.emplace_back("greedy");
  } else {
    parts.push_back(absl::StrCat("temperature ", params.temperature));
    add("top_k", params.top_k, neutral.top_k);
    add("top_p", params.top_p, neutral.top_p);
    add("min_p", params.min_p, neutral.min_p);
  }
  add("repetition_penalty", params.repetition_penalty, neutral.repetition_penalty);
  add("frequency_penalty", params.frequency_penalty, neutral.frequency_penalty);
  add("presence_penalty", params.presence_penalty, neutral.presence_penalty);
  add("min_tokens", params.min_tokens, neutral.min_tokens);
  add("biased ids", params.logit_bias.size(), size_t{0});
  add("allowed ids", params.allowed_ids.size(), size_t{0});
  add("forbidden ids", params.forbidden_ids.size(), size_t{0});
  if (!IsGreedy(params)) parts.push_back(absl::StrCat("seed ", params.seed));
  return absl::StrJoin(parts, ", ");
}

bool IsPlainChoice(const SamplingParams& params) {
  return SamplingText(params) == SamplingText({});
}

}  // namespace lathe
