#include "tools/lathe_run/sampling_values.h"

#include <limits>
#include <random>

#include "runtime/base/status_macros.h"

namespace lathe {
namespace {

using V = SamplingValues;

constexpr char kOwn[] = "the model's own";
constexpr NumberRange<int64_t> kSeedRange = {0, std::numeric_limits<int64_t>::max()};

constexpr SamplingNumber kNumbers[] = {
    {"temperature", "temperature", RealNumber{&V::temperature, kTemperatureRange}, "", kOwn,
     "how far to stray from the likeliest token: 0 never does (greedy), 1 follows the model's "
     "probabilities"},
    {"top_k", "top-k", WholeNumber{&V::top_k, kTopKRange}, "", kOwn,
     "choose among the K likeliest tokens alone; 0: among all"},
    {"top_p", "top-p", RealNumber{&V::top_p, kTopPRange}, "", kOwn,
     "choose among the likeliest tokens that together have this probability"},
    {"min_p", "min-p", RealNumber{&V::min_p, kMinPRange}, "", kOwn,
     "leave out tokens less likely than this share of the likeliest one's probability"},
    {"repetition_penalty", "repeat-penalty",
     RealNumber{&V::repetition_penalty, kRepetitionPenaltyRange}, "", kOwn,
     "make tokens of the prompt and the answer less likely: above 1 negative logits are "
     "multiplied by it, others divided"},
    {"presence_penalty", "presence-penalty",
     RealNumber{&V::presence_penalty, kPresencePenaltyRange}, "", "0",
     "taken from the logit of each token that the answer holds"},
    {"frequency_penalty", "frequency-penalty",
     RealNumber{&V::frequency_penalty, kFrequencyPenaltyRange}, "", "0",
     "the same, times how often the answer holds it"},
    {"seed", "seed", WholeNumber{&V::seed, kSeedRange}, "",
     "another one each time, shown by -v and --json",
     "the same seed, prompt and flags give the same answer"},
    {"min_tokens", "min-tokens", WholeNumber{&V::min_tokens, kMinTokensRange}, "tokens", "0",
     "do not end by the model's choice or --stop before this many"},
    {"logprobs", "logprobs", WholeNumber{&V::logprobs, kLogprobsRange}, "tokens", "",
     "with --json: the logarithm of the probability that the model gave each token, and of this "
     "many of the likeliest in its place"},
};

std::optional<float> ToFloat(std::optional<double> value) {
  if (!value.has_value()) return std::nullopt;
  return static_cast<float>(*value);
}

SamplingSettings Settings(const SamplingValues& values) {
  return {.temperature = ToFloat(values.temperature),
          .top_k = values.top_k,
          .top_p = ToFloat(values.top_p),
          .min_p = ToFloat(values.min_p),
          .repetition_penalty = ToFloat(values.repetition_penalty),
          .frequency_penalty = ToFloat(values.frequency_penalty),
          .presence_penalty = ToFloat(values.presence_penalty)};
}

// 32 bits: short enough to type again.
uint64_t UnforeseenSeed() { return std::random_device()(); }

template <typename T>
void Replace(const std::vector<T>& over, std::vector<T>& list) {
  if (!over.empty()) list = over;
}

}  // namespace

absl::Span<const SamplingNumber> SamplingNumbers() { return kNumbers; }

SamplingValues Over(const SamplingValues& under, const SamplingValues& over) {
  SamplingValues values = under;
  for (const SamplingNumber& each : kNumbers) {
    std::visit(
        [&](const auto& number) {
          if ((over.*number.value).has_value()) values.*number.value = over.*number.value;
        },
        each.number);
  }
  if (over.ignore_eos.has_value()) values.ignore_eos = over.ignore_eos;
  Replace(over.logit_bias, values.logit_bias);
  Replace(over.stop, values.stop);
  Replace(over.stop_ids, values.stop_ids);
  Replace(over.allowed_ids, values.allowed_ids);
  Replace(over.forbidden_ids, values.forbidden_ids);
  return values;
}

absl::StatusOr<SamplingParams> MakeSampling(const SamplingValues& values,
                                            const artifact::GenerationDefaults& defaults) {
  SamplingParams params = Resolve({OwnSettings(defaults), Settings(values)});
  const bool filters =
      values.top_k.has_value() || values.top_p.has_value() || values.min_p.has_value();
  if (filters && !values.temperature.has_value() && params.temperature == 0) {
    return absl::InvalidArgumentError(
        "top-k, top-p and min-p say among which tokens to choose by chance, but this model is "
        "greedy by default; add a temperature of 1, or less to stay closer to the likeliest");
  }
  params.logit_bias = values.logit_bias;
  params.allowed_ids = values.allowed_ids;
  params.forbidden_ids = values.forbidden_ids;
  params.min_tokens = values.min_tokens.value_or(0);
  params.num_logprobs = values.logprobs;
  if (values.seed.has_value()) {
    params.seed = static_cast<uint64_t>(*values.seed);
  } else if (params.temperature > 0) {
    params.seed = UnforeseenSeed();
  }
  return params;
}

std::vector<int32_t> StopIds(const SamplingValues& values,
                             const artifact::GenerationDefaults& defaults) {
  std::vector<int32_t> ids = values.stop_ids;
  if (!values.ignore_eos.value_or(false))
    ids.insert(ids.end(), defaults.stop_ids().begin(), defaults.stop_ids().end());
  return ids;
}

}  // namespace lathe
