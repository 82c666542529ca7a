#include "runtime/generate/sampler.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "runtime/base/check.h"

namespace lathe {
namespace {

constexpr char kExamine[] =
    "the weights hold NaN or infinities or overflow; examine the checkpoint with `lathe check`";

int32_t Count(absl::Span<const float> row) { return static_cast<int32_t>(row.size()); }

sampling::IdList ListOf(const std::vector<int32_t>& ids) {
  return {ids.data(), static_cast<int32_t>(ids.size())};
}

bool Penalizes(const SamplingParams& params) {
  return params.repetition_penalty != 1 || params.frequency_penalty != 0 ||
         params.presence_penalty != 0;
}

}  // namespace

Sampler::Sampler(const SamplingParams& params, absl::Span<const int32_t> stop_ids,
                 absl::Span<const int32_t> prompt)
    : params_(params),
      forbidden_before_stop_(params.forbidden_ids),
      counts_ids_(Penalizes(params)),
      has_stop_ids_(!stop_ids.empty()),
      num_prompt_(static_cast<int64_t>(prompt.size())) {
  std::sort(params_.allowed_ids.begin(), params_.allowed_ids.end());
  forbidden_before_stop_.insert(forbidden_before_stop_.end(), stop_ids.begin(), stop_ids.end());
  for (const LogitBias& bias : params_.logit_bias) {
    biases_.ids.push_back(bias.id);
    biases_.values.push_back(bias.value);
  }
  for (int32_t id : prompt) Use(id, 0);
}

void Sampler::Use(int32_t id, float num_generated) {
  if (!counts_ids_) return;
  const auto [found, is_new] = used_index_.try_emplace(id, used_.ids.size());
  if (is_new) {
    used_.ids.push_back(id);
    used_.values.push_back(0);
  }
  used_.values[found->second] += num_generated;
}

void Sampler::Add(int32_t id) {
  Use(id, 1);
  ++num_new_;
}

// Whether some id may not be chosen now, whatever its logit.
bool Sampler::HasMask() const {
  return (!MayStop() && has_stop_ids_) || !params_.allowed_ids.empty() ||
         !params_.forbidden_ids.empty();
}

// Nothing but the largest logit is asked for, and nobody looks at the others.
bool Sampler::IsPlain() const {
  return params_.temperature < sampling::kLeastTemperature && !HasMask() && !counts_ids_ &&
         biases_.ids.empty() && !params_.num_logprobs.has_value();
}

void Sampler::AddRow(SamplingRows& rows) const {
  if (IsPlain()) return rows.AddGreedy();
  rows.Add({.allowed = ListOf(params_.allowed_ids),
            .forbidden = ListOf(MayStop() ? params_.forbidden_ids : forbidden_before_stop_),
            .biases = biases_.view(),
            .used = used_.view(),
            .repetition_penalty = params_.repetition_penalty,
            .frequency_penalty = params_.frequency_penalty,
            .presence_penalty = params_.presence_penalty},
           {.temperature = params_.temperature,
            .top_k = static_cast<int32_t>(params_.top_k),
            .top_p = params_.top_p,
            .min_p = params_.min_p,
            .seed = params_.seed},
           static_cast<uint64_t>(num_prompt_ + num_new_));
}

absl::StatusOr<ChosenToken> Sampler::Take(int32_t next_id, absl::Span<const float> logits) const {
  LATHE_CHECK(next_id < static_cast<int64_t>(logits.size()) &&
              logits.size() <= static_cast<size_t>(sampling::kMaxVocabulary))
      << "id " << next_id << " of " << logits.size() << " logits";
  if (next_id < 0) return NoToken(next_id);
  ChosenToken chosen{.id = next_id};
  if (params_.num_logprobs.has_value()) chosen.logprobs = Logprobs(logits, next_id);
  return chosen;
}

absl::Status Sampler::NoToken(int32_t next_id) const {
  const int64_t position = num_prompt_ + num_new_ - 1;
  if (next_id <= sampling::kNanFrom) {
    return absl::DataLossError(absl::StrCat("the logit of id ", sampling::kNanFrom - next_id,
                                            " at position ", position,
                                            " is not a number: ", kExamine));
  }
  if (!HasMask()) {
    return absl::DataLossError(absl::StrCat("no logit at position ", position,
                                            " is a number above minus infinity: ", kExamine));
  }
  return absl::InvalidArgumentError(
      absl::StrCat("no id may follow position ", position,
                   ": allowed_ids, forbidden_ids and min_tokens leave none with a logit above "
                   "minus infinity; allow more"));
}

TokenLogprobs Sampler::Logprobs(absl::Span<const float> logits, int32_t id) const {
  const sampling::Normalizer normalizer = sampling::Normalize(logits.data(), Count(logits));
  TokenLogprobs logprobs;
  logprobs.chosen = sampling::LogprobOf(logits[static_cast<size_t>(id)], normalizer);
  logprobs.likeliest.resize(static_cast<size_t>(*params_.num_logprobs));
  const int32_t found =
      sampling::TopLogprobs(logits.data(), Count(logits), normalizer,
                            static_cast<int32_t>(*params_.num_logprobs), logprobs.likeliest.data());
  logprobs.likeliest.resize(static_cast<size_t>(found));
  return logprobs;
}

}  // namespace lathe
