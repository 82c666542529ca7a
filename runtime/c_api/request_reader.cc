#include "runtime/c_api/request_reader.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "absl/strings/str_cat.h"
#include "frontend/tokenizer/unicode.h"
#include "runtime/base/status_macros.h"
#include "runtime/base/strings.h"
#include "runtime/c_api/border.h"
#include "runtime/c_api/summary.h"

namespace lathe::c_api {
namespace {

// Each is looked for at every token.
constexpr size_t kMaxStops = 1024;
constexpr size_t kMaxStopTextBytes = size_t{1} << 16;

absl::StatusOr<std::vector<int32_t>> ReadIds(const int32_t* ids, size_t num_ids, size_t most,
                                             absl::string_view name) {
  LATHE_ASSIGN_OR_RETURN(absl::Span<const int32_t> list, ReadList(ids, num_ids, most, name));
  return std::vector<int32_t>(list.begin(), list.end());
}

absl::StatusOr<std::vector<std::string>> ReadStopTexts(const lathe_request& given) {
  LATHE_ASSIGN_OR_RETURN(absl::Span<const char* const> list,
                         ReadList(given.stop_texts, given.num_stop_texts, kMaxStops, "stop_texts"));
  std::vector<std::string> texts;
  for (size_t i = 0; i < list.size(); ++i) {
    const std::string name = absl::StrCat("stop_texts[", i, "]");
    LATHE_RETURN_IF_ERROR(CheckGiven(list[i], name));
    std::string text(list[i], strnlen(list[i], kMaxStopTextBytes + 1));
    if (text.empty() || text.size() > kMaxStopTextBytes) {
      return absl::InvalidArgumentError(absl::StrCat(name, " has ",
                                                     text.empty() ? "no bytes" : "more",
                                                     ", expected 1 to ", kMaxStopTextBytes));
    }
    if (!IsValidUtf8(text)) {
      return absl::InvalidArgumentError(
          absl::StrCat(name, " is ", Quoted(text), ", which is no UTF-8 and never comes"));
    }
    texts.push_back(std::move(text));
  }
  return texts;
}

absl::StatusOr<std::vector<int32_t>> ReadStopIds(const lathe_request& given,
                                                 const artifact::GenerationDefaults& defaults) {
  if (given.ignores_stop_ids != 0) return std::vector<int32_t>();
  if (given.stop_ids == nullptr && given.num_stop_ids == 0)
    return std::vector<int32_t>(defaults.stop_ids().begin(), defaults.stop_ids().end());
  return ReadIds(given.stop_ids, given.num_stop_ids, kMaxStops, "stop_ids");
}

// None: until a stop or the end of the context.
absl::StatusOr<std::optional<int64_t>> ReadMaxNewTokens(
    const lathe_request& given, const artifact::GenerationDefaults& defaults, int64_t room) {
  if (given.is_prompt_only != 0) {
    if (given.max_new_tokens == 0) return 0;
    return absl::InvalidArgumentError(absl::StrCat("max_new_tokens is ", given.max_new_tokens,
                                                   ", but is_prompt_only asks for none"));
  }
  if (given.max_new_tokens != 0) return given.max_new_tokens;
  const int64_t own = defaults.max_new_tokens();
  if (own > 0 && own < room) return own;
  return std::optional<int64_t>();
}

absl::StatusOr<std::vector<LogitBias>> ReadBiases(const lathe_sampling& given, size_t most) {
  LATHE_ASSIGN_OR_RETURN(absl::Span<const int32_t> ids,
                         ReadList(given.bias_ids, given.num_biases, most, "bias_ids"));
  LATHE_ASSIGN_OR_RETURN(absl::Span<const float> values,
                         ReadList(given.bias_values, given.num_biases, most, "bias_values"));
  std::vector<LogitBias> biases;
  for (size_t i = 0; i < ids.size(); ++i) biases.push_back({ids[i], values[i]});
  return biases;
}

absl::StatusOr<std::vector<int64_t>> ReadHiddenLayers(const lathe_request& given,
                                                      const artifact::Manifest& manifest) {
  const int64_t num_states = NumHiddenStates(manifest);
  if (num_states == 0 && given.num_hidden_layers > 0) {
    return absl::FailedPreconditionError(
        "hidden_layers: the artifact gives no hidden states; compile it with lathe compile "
        "--probes");
  }
  LATHE_ASSIGN_OR_RETURN(absl::Span<const int64_t> layers,
                         ReadList(given.hidden_layers, given.num_hidden_layers,
                                  static_cast<size_t>(num_states), "hidden_layers"));
  for (size_t i = 0; i < layers.size(); ++i) {
    if (layers[i] >= 0 && layers[i] < num_states) continue;
    return absl::InvalidArgumentError(
        absl::StrCat("hidden_layers[", i, "] is ", layers[i], ", expected 0 to ", num_states - 1));
  }
  return std::vector<int64_t>(layers.begin(), layers.end());
}

absl::Status ReadLogitsToKeep(const lathe_request& given, Request* request) {
  if (given.num_prompt_logits < -1) {
    return absl::InvalidArgumentError(absl::StrCat("num_prompt_logits is ", given.num_prompt_logits,
                                                   ", expected at least -1, which is all"));
  }
  request->keep_prompt_logits = given.num_prompt_logits == -1;
  request->last_prompt_logits = std::max<int64_t>(given.num_prompt_logits, 0);
  request->keep_token_logits = given.keeps_token_logits != 0;
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<SamplingParams> ReadSampling(const lathe_sampling* given,
                                            const artifact::Manifest& manifest) {
  LATHE_ASSIGN_OR_RETURN(const lathe_sampling sampling, ReadStruct(given, "lathe_sampling"));
  if (sampling.reserved != 0) {
    return absl::InvalidArgumentError(absl::StrCat("reserved of lathe_sampling is ",
                                                   sampling.reserved,
                                                   ", expected 0: clear the struct before use"));
  }
  const auto most = static_cast<size_t>(manifest.vocab_size());
  SamplingParams params{
      .min_tokens = sampling.min_tokens,
      .repetition_penalty = sampling.repetition_penalty == 0 ? 1 : sampling.repetition_penalty,
      .frequency_penalty = sampling.frequency_penalty,
      .presence_penalty = sampling.presence_penalty,
      .temperature = sampling.temperature,
      .top_k = sampling.top_k,
      .top_p = sampling.top_p == 0 ? 1 : sampling.top_p,
      .min_p = sampling.min_p,
      .seed = sampling.seed};
  if (sampling.num_logprobs != 0) params.num_logprobs = sampling.num_logprobs;
  LATHE_ASSIGN_OR_RETURN(params.logit_bias, ReadBiases(sampling, most));
  LATHE_ASSIGN_OR_RETURN(params.allowed_ids, ReadIds(sampling.allowed_ids, sampling.num_allowed_ids,
                                                     most, "allowed_ids"));
  LATHE_ASSIGN_OR_RETURN(
      params.forbidden_ids,
      ReadIds(sampling.forbidden_ids, sampling.num_forbidden_ids, most, "forbidden_ids"));
  return params;
}

absl::StatusOr<AskedRequest> ReadRequest(const lathe_request* given,
                                         const artifact::Manifest& manifest, int64_t context) {
  LATHE_RETURN_IF_ERROR(CheckGiven(given, "lathe_request"));
  LATHE_ASSIGN_OR_RETURN(const lathe_request asked, ReadStruct(given, "lathe_request"));
  AskedRequest read{.shows_special = asked.shows_special != 0};
  LATHE_ASSIGN_OR_RETURN(read.request.prompt, ReadIds(asked.prompt, asked.num_prompt,
                                                      static_cast<size_t>(context), "prompt"));
  const int64_t room = context - static_cast<int64_t>(asked.num_prompt);
  LATHE_ASSIGN_OR_RETURN(read.request.max_new_tokens,
                         ReadMaxNewTokens(asked, manifest.generation(), room));
  LATHE_ASSIGN_OR_RETURN(read.request.stop_ids, ReadStopIds(asked, manifest.generation()));
  LATHE_ASSIGN_OR_RETURN(read.stop_texts, ReadStopTexts(asked));
  LATHE_RETURN_IF_ERROR(ReadLogitsToKeep(asked, &read.request));
  LATHE_ASSIGN_OR_RETURN(read.hidden_layers, ReadHiddenLayers(asked, manifest));
  read.request.computes_prompt = !read.hidden_layers.empty();
  if (asked.sampling == nullptr) {
    read.request.sampling = Resolve({OwnSettings(manifest.generation())});
  } else {
    LATHE_ASSIGN_OR_RETURN(read.request.sampling, ReadSampling(asked.sampling, manifest));
  }
  return read;
}

}  // namespace lathe::c_api
