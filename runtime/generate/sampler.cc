#include "runtime/generate/sampler.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "runtime/base/check.h"
#include "runtime/base/status_macros.h"

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
      stop_ids_(stop_ids.begin(), stop_ids.end()),
      counts_ids_(Penalizes(params)),
      position_(prompt.size()) {
  std::sort(params_.allowed_ids.begin(), params_.allowed_ids.end());
  for (const LogitBias& bias : params_.logit_bias) biases_.push_back({bias.id, bias.value});
  for (int32_t id : prompt) Use(id, 0);
}

void Sampler::Use(int32_t id, int32_t num_generated) {
  if (!counts_ids_) return;
  const auto [found, is_new] = used_index_.try_emplace(id, used_.size());
  if (is_new) used_.push_back({id, 0});
  used_[found->second].num_generated += num_generated;
}

void Sampler::Add(int32_t id) {
  Use(id, 1);
  ++num_new_;
  ++position_;
}

// Whether some id may not be chosen now, whatever its logit.
bool Sampler::HasMask() const {
  const bool may_stop = num_new_ >= params_.min_tokens || stop_ids_.empty();
  return !may_stop || !params_.allowed_ids.empty() || !params_.forbidden_ids.empty();
}

// Nothing but the largest logit is asked for.
bool Sampler::IsPlain() const {
  return params_.temperature < sampling::kLeastTemperature && !HasMask() && !counts_ids_ &&
         biases_.empty() && !params_.num_logprobs.has_value();
}

absl::StatusOr<ChosenToken> Sampler::Choose(absl::Span<const float> logits, int32_t greedy_id) {
  LATHE_CHECK(greedy_id < static_cast<int64_t>(logits.size()) &&
              logits.size() <= static_cast<size_t>(sampling::kMaxVocabulary))
      << "id " << greedy_id << " of " << logits.size() << " logits";
  ChosenToken chosen;
  LATHE_ASSIGN_OR_RETURN(chosen.id, IsPlain() ? ChoosePlain(greedy_id) : ChooseByRow(logits));
  if (params_.num_logprobs.has_value()) chosen.logprobs = Logprobs(logits, chosen.id);
  return chosen;
}

absl::StatusOr<int32_t> Sampler::ChoosePlain(int32_t greedy_id) const {
  if (greedy_id >= 0) return greedy_id;
  return NothingToChoose();
}

absl::Status Sampler::NothingToChoose() const {
  if (!HasMask()) {
    return absl::DataLossError(absl::StrCat("no logit at position ", position_ - 1,
                                            " is a number above minus infinity: ", kExamine));
  }
  return absl::InvalidArgumentError(
      absl::StrCat("no id may follow position ", position_ - 1,
                   ": allowed_ids, forbidden_ids and min_tokens leave none with a logit above "
                   "minus infinity; allow more"));
}

absl::StatusOr<int32_t> Sampler::ChooseByRow(absl::Span<const float> logits) {
  scores_.resize(logits.size());
  candidates_.resize(logits.size());
  const sampling::Processing processing{.has_allowed = !params_.allowed_ids.empty(),
                                        .allowed = ListOf(params_.allowed_ids),
                                        .forbidden = ListOf(params_.forbidden_ids),
                                        .stops = ListOf(stop_ids_),
                                        .biases = biases_.data(),
                                        .num_biases = static_cast<int32_t>(biases_.size()),
                                        .repetition_penalty = params_.repetition_penalty,
                                        .frequency_penalty = params_.frequency_penalty,
                                        .presence_penalty = params_.presence_penalty};
  const sampling::Chance chance{.temperature = params_.temperature,
                                .top_k = static_cast<int32_t>(params_.top_k),
                                .top_p = params_.top_p,
                                .min_p = params_.min_p,
                                .seed = params_.seed};
  const sampling::History history{.used = used_.data(),
                                  .num_used = static_cast<int32_t>(used_.size()),
                                  .may_stop = num_new_ >= params_.min_tokens};
  const sampling::Choice choice =
      sampling::SampleRow(processing, chance, history, position_, logits.data(), Count(logits),
                          {scores_.data(), candidates_.data()});
  if (choice.outcome == sampling::Outcome::kNothingAllowed) return NothingToChoose();
  if (choice.outcome == sampling::Outcome::kNotANumber) {
    return absl::DataLossError(absl::StrCat("the logit of id ", choice.id, " at position ",
                                            position_ - 1, " is not a number: ", kExamine));
  }
  return choice.id;
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
