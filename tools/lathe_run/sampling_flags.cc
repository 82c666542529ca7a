#include "tools/lathe_run/sampling_flags.h"

#include <limits>
#include <random>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "runtime/base/status_macros.h"
#include "runtime/base/strings.h"

namespace lathe {
namespace {

constexpr char kOwn[] = "the model's own";

std::optional<float> ToFloat(std::optional<double> value) {
  if (!value.has_value()) return std::nullopt;
  return static_cast<float>(*value);
}

SamplingSettings Settings(const SamplingFlags& flags) {
  return {.temperature = ToFloat(flags.temperature),
          .top_k = flags.top_k,
          .top_p = ToFloat(flags.top_p),
          .min_p = ToFloat(flags.min_p),
          .repetition_penalty = ToFloat(flags.repeat_penalty),
          .frequency_penalty = ToFloat(flags.frequency_penalty),
          .presence_penalty = ToFloat(flags.presence_penalty)};
}

absl::StatusOr<LogitBias> ParseLogitBias(absl::string_view text) {
  const std::pair<absl::string_view, absl::string_view> parts =
      absl::StrSplit(text, absl::MaxSplits(':', 1));
  LogitBias bias;
  if (absl::SimpleAtoi(parts.first, &bias.id) && bias.id >= 0 &&
      absl::SimpleAtof(parts.second, &bias.value) && bias.value >= -100 && bias.value <= 100) {
    return bias;
  }
  return absl::InvalidArgumentError(
      absl::StrCat("--logit-bias: got ", Quoted(text),
                   ", expected ID:BIAS, a token id and a number from -100 to 100, as in 13:-2.5"));
}

absl::StatusOr<std::vector<LogitBias>> ParseLogitBiases(const std::vector<std::string>& texts) {
  std::vector<LogitBias> biases;
  for (const std::string& text : texts) {
    LATHE_ASSIGN_OR_RETURN(LogitBias bias, ParseLogitBias(text));
    biases.push_back(bias);
  }
  return biases;
}

// 32 bits: short enough to type again.
uint64_t UnforeseenSeed() { return std::random_device()(); }

}  // namespace

void AddSamplingFlags(SamplingFlags& flags, FlagTable& table) {
  table.Group("Choice of tokens");
  table.OptionalFloat("temperature", &flags.temperature, {.min = 0, .max = 100, .absent = kOwn},
                      "how far to stray from the likeliest token: 0 never does (greedy), 1 follows "
                      "the model's probabilities");
  table.OptionalInt("top-k", &flags.top_k,
                    {.min = 0, .max = std::numeric_limits<int32_t>::max(), .absent = kOwn},
                    "choose among the K likeliest tokens alone; 0: among all");
  table.OptionalFloat("top-p", &flags.top_p, {.min = 0, .max = 1, .absent = kOwn},
                      "choose among the likeliest tokens that together have this probability");
  table.OptionalFloat("min-p", &flags.min_p, {.min = 0, .max = 1, .absent = kOwn},
                      "leave out tokens less likely than this share of the likeliest one's "
                      "probability");
  table.OptionalFloat("repeat-penalty", &flags.repeat_penalty,
                      {.min = 0.01, .max = 100, .absent = kOwn},
                      "make tokens of the prompt and the answer less likely: above 1 negative "
                      "logits are multiplied by it, others divided");
  table.OptionalFloat("presence-penalty", &flags.presence_penalty,
                      {.min = -2, .max = 2, .absent = "0"},
                      "taken from the logit of each token that the answer holds");
  table.OptionalFloat("frequency-penalty", &flags.frequency_penalty,
                      {.min = -2, .max = 2, .absent = "0"},
                      "the same, times how often the answer holds it");
  table.StringList("logit-bias", &flags.logit_bias, {.form = "ID:BIAS"},
                   "add BIAS (-100 to 100) to the logit of a token id");
  table.OptionalInt("seed", &flags.seed, {.min = 0, .absent = "another one each time, shown by -v"},
                    "the same seed, prompt and flags give the same answer");
  table.StringList("stop", &flags.stop, {},
                   "end the answer where it would say this text, which is not shown");
  table.Bool("ignore-eos", &flags.ignore_eos, "go on where the model ends its answer");
  table.OptionalInt("min-tokens", &flags.min_tokens,
                    {.unit = "tokens", .min = 0, .max = 1 << 30, .absent = "0"},
                    "do not end by the model's choice or --stop before this many");
  table.OptionalInt("logprobs", &flags.logprobs, {.unit = "tokens", .min = 0, .max = kMaxLogprobs},
                    "with --json: the logarithm of the probability that the model gave each token, "
                    "and of this many of the likeliest in its place");
}

absl::Status CheckSamplingFlags(const SamplingFlags& flags) {
  for (const std::string& stop : flags.stop) {
    if (stop.empty())
      return absl::InvalidArgumentError("--stop: an empty text would end every answer");
  }
  return ParseLogitBiases(flags.logit_bias).status();
}

absl::StatusOr<SamplingParams> MakeSampling(const SamplingFlags& flags,
                                            const artifact::GenerationDefaults& defaults) {
  SamplingParams params = Resolve({OwnSettings(defaults), Settings(flags)});
  const bool filters =
      flags.top_k.has_value() || flags.top_p.has_value() || flags.min_p.has_value();
  if (filters && !flags.temperature.has_value() && params.temperature == 0) {
    return absl::InvalidArgumentError(
        "--top-k, --top-p and --min-p say among which tokens to choose by chance, but this model "
        "is greedy by default; add --temperature=1, or less to stay closer to the likeliest");
  }
  LATHE_ASSIGN_OR_RETURN(params.logit_bias, ParseLogitBiases(flags.logit_bias));
  params.min_tokens = flags.min_tokens.value_or(0);
  params.num_logprobs = flags.logprobs;
  if (flags.seed.has_value()) {
    params.seed = static_cast<uint64_t>(*flags.seed);
  } else if (params.temperature > 0) {
    params.seed = UnforeseenSeed();
  }
  return params;
}

std::vector<int32_t> StopIds(const SamplingFlags& flags,
                             const artifact::GenerationDefaults& defaults) {
  if (flags.ignore_eos) return {};
  return {defaults.stop_ids().begin(), defaults.stop_ids().end()};
}

}  // namespace lathe
