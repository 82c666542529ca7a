#include "runtime/c_api/answer.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "runtime/base/status_macros.h"

namespace lathe::c_api {
namespace {

absl::Status NotAsked(absl::string_view what) {
  return absl::FailedPreconditionError(absl::StrCat("the request asked for no ", what));
}

}  // namespace

Answer::Answer(const Tokenizer* tokenizer, const AskedRequest& asked)
    : stops_(asked.stop_texts),
      num_prompt_(static_cast<int64_t>(asked.request.prompt.size())),
      min_tokens_(asked.request.sampling.min_tokens),
      has_logprobs_(asked.request.sampling.num_logprobs.has_value()),
      has_prompt_logits_(asked.request.keep_prompt_logits || asked.request.last_prompt_logits > 0),
      has_token_logits_(asked.request.keep_token_logits) {
  for (int64_t layer : asked.hidden_layers)
    hidden_.try_emplace(layer, absl::StrCat(kLayerInputs, layer), num_prompt_);
  if (tokenizer != nullptr)
    decoder_.emplace(*tokenizer, DecodeOptions{.skip_special = !asked.shows_special});
}

AfterToken Answer::Push(int32_t token, std::string* piece) {
  last_ = Clock::now();
  if (tokens_.empty()) first_ = last_;
  tokens_.push_back(token);
  piece->clear();
  if (!decoder_.has_value()) return AfterToken::kGoOn;
  const std::string text = decoder_->Push(token);
  const bool is_searched = static_cast<int64_t>(tokens_.size()) > min_tokens_;
  *piece = is_searched ? stops_.Push(text) : text;
  text_ += *piece;
  return stops_.found().has_value() ? AfterToken::kStop : AfterToken::kGoOn;
}

void Answer::OnStep(const StepView& view) {
  for (auto& [layer, keeper] : hidden_) keeper.OnStep(view);
}

void Answer::Finish(Result result, std::string* piece) {
  result_ = std::move(result);
  piece->clear();
  if (!decoder_.has_value()) return;
  *piece = stops_.Push(decoder_->Finish());
  *piece += stops_.Finish();
  text_ += *piece;
}

lathe_finish Answer::finish() const {
  if (!result_.has_value()) return LATHE_FINISH_NONE;
  switch (result_->reason) {
    case FinishReason::kStopId:
      return LATHE_FINISH_STOP_ID;
    case FinishReason::kStopped:
      return LATHE_FINISH_STOP_TEXT;
    case FinishReason::kLength:
      return LATHE_FINISH_LENGTH;
    case FinishReason::kContext:
      return LATHE_FINISH_CONTEXT;
    case FinishReason::kCancelled:
      return LATHE_FINISH_CANCELLED;
    case FinishReason::kFailed:
      break;
  }
  return LATHE_FINISH_FAILED;
}

absl::Status Answer::CheckFinished() const {
  if (result_.has_value()) return result_->status;
  return absl::FailedPreconditionError(
      "the request has not ended; step the session until it gives the event LATHE_EVENT_END");
}

absl::StatusOr<lathe_result> Answer::Summary() const {
  LATHE_RETURN_IF_ERROR(CheckFinished());
  lathe_result summary{.finish = finish(),
                       .stop_id = result_->stop_id.value_or(-1),
                       .num_prompt = num_prompt_,
                       .num_reused = result_->num_reused,
                       .num_tokens = static_cast<int64_t>(tokens_.size())};
  if (tokens_.empty()) return summary;
  summary.first_token_seconds = std::chrono::duration<double>(first_ - start_).count();
  summary.other_tokens_seconds = std::chrono::duration<double>(last_ - first_).count();
  return summary;
}

absl::StatusOr<std::vector<lathe_logprob>> Answer::Logprobs(size_t index) const {
  LATHE_RETURN_IF_ERROR(CheckFinished());
  if (!has_logprobs_) return NotAsked("log-probabilities; set num_logprobs of its lathe_sampling");
  if (index >= result_->logprobs.size()) {
    return absl::OutOfRangeError(
        absl::StrCat("token ", index, " was asked for, but there are ", result_->logprobs.size()));
  }
  const TokenLogprobs& logprobs = result_->logprobs[index];
  std::vector<lathe_logprob> list = {{tokens_[index], logprobs.chosen}};
  for (const sampling::Logprob& each : logprobs.likeliest) list.push_back({each.id, each.value});
  return list;
}

absl::StatusOr<absl::Span<const float>> Answer::PromptLogits() const {
  LATHE_RETURN_IF_ERROR(CheckFinished());
  if (!has_prompt_logits_)
    return NotAsked("logits of the prompt; set num_prompt_logits of its lathe_request");
  return result_->prompt_logits;
}

absl::StatusOr<absl::Span<const float>> Answer::TokenLogits() const {
  LATHE_RETURN_IF_ERROR(CheckFinished());
  if (!has_token_logits_)
    return NotAsked("logits of its tokens; set keeps_token_logits of its lathe_request");
  return result_->token_logits;
}

absl::StatusOr<absl::Span<const float>> Answer::Hidden(int64_t layer) const {
  LATHE_RETURN_IF_ERROR(CheckFinished());
  const auto found = hidden_.find(layer);
  if (found == hidden_.end()) {
    return NotAsked(absl::StrCat("hidden states of layer ", layer,
                                 "; name it in hidden_layers of its lathe_request"));
  }
  return found->second.rows();
}

}  // namespace lathe::c_api
