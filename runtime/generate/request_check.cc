#include "runtime/generate/request_check.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "runtime/base/status_macros.h"

namespace lathe {
namespace {

absl::Status CheckIds(absl::Span<const int32_t> ids, int64_t vocab_size, absl::string_view what) {
  for (size_t i = 0; i < ids.size(); ++i) {
    if (ids[i] >= 0 && ids[i] < vocab_size) continue;
    return absl::InvalidArgumentError(
        absl::StrCat(what, "[", i, "] is ", ids[i], ", but the model's ids go from 0 to ",
                     vocab_size - 1, "; encode the text with this model's tokenizer"));
  }
  return absl::OkStatus();
}

absl::Status CheckLength(const Request& request, const RequestLimits& limits) {
  const int64_t context = limits.context;
  const int64_t max_context = limits.max_context;
  int64_t num_prompt = static_cast<int64_t>(request.prompt.size());
  int64_t num_new = request.max_new_tokens.value_or(1);
  if (num_new < 0)
    return absl::InvalidArgumentError(
        absl::StrCat("max_new_tokens is ", num_new, ", expected at least 0"));
  if (request.max_new_tokens.has_value() && request.sampling.min_tokens > num_new)
    return absl::InvalidArgumentError(absl::StrCat("min_tokens is ", request.sampling.min_tokens,
                                                   ", but max_new_tokens is ", num_new));
  if (request.last_prompt_logits < 0)
    return absl::InvalidArgumentError(absl::StrCat(
        "last_prompt_logits is ", request.last_prompt_logits, ", expected at least 0"));
  if (num_prompt <= context && num_new <= context - num_prompt) return absl::OkStatus();
  std::string asked = request.max_new_tokens.has_value()
                          ? absl::StrCat(" and ", num_new, " new ones are asked for")
                          : "";
  return absl::InvalidArgumentError(absl::StrCat(
      "the prompt has ", num_prompt, " tokens", asked, ", but the context holds ", context,
      " tokens", context < max_context ? "" : " (the most that this model was made for)",
      num_prompt < context ? "; lower --max-new-tokens" : "; shorten the prompt",
      context < max_context
          ? absl::StrCat(" or raise --context (at most ", max_context, " for this model)")
          : ""));
}

absl::Status CheckPieces(const Request& request) {
  int64_t covered = 0;
  int64_t num_prompt = static_cast<int64_t>(request.prompt.size());
  for (size_t i = 0; i < request.pieces.size(); ++i) {
    if (request.pieces[i] < 1 || request.pieces[i] > num_prompt - covered) {
      return absl::InvalidArgumentError(
          absl::StrCat("pieces[", i, "] is ", request.pieces[i], ", but ", num_prompt - covered,
                       " tokens of the prompt are left; each must be at least 1"));
    }
    covered += request.pieces[i];
  }
  if (!request.pieces.empty() && covered != num_prompt) {
    return absl::InvalidArgumentError(
        absl::StrCat("pieces cover ", covered, " tokens, but the prompt has ", num_prompt));
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status CheckRequest(const Request& request, const RequestLimits& limits) {
  if (request.prompt.empty()) {
    return absl::InvalidArgumentError(
        "the prompt is empty: a model needs at least one token to start from");
  }
  LATHE_RETURN_IF_ERROR(CheckIds(request.prompt, limits.vocab_size, "prompt_ids"));
  LATHE_RETURN_IF_ERROR(CheckIds(request.stop_ids, limits.vocab_size, "stop_ids"));
  LATHE_RETURN_IF_ERROR(CheckSampling(request.sampling, limits.vocab_size));
  if (limits.is_greedy && !IsPlainChoice(request.sampling)) {
    return absl::FailedPreconditionError(
        "the artifact was compiled by an older Lathe, whose programs choose the likeliest token "
        "only; ask for temperature 0 without penalties, biases, lists of ids and min_tokens "
        "(--temperature=0), or compile it again");
  }
  LATHE_RETURN_IF_ERROR(CheckLength(request, limits));
  return CheckPieces(request);
}

}  // namespace lathe
