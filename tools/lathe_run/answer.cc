#include "tools/lathe_run/answer.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "runtime/base/status_macros.h"
#include "runtime/base/strings.h"

namespace lathe {

AnswerRun::AnswerRun(AnswerSpec spec, const Tokenizer& tokenizer, AnswerReader reader)
    : request_(std::move(spec.request)),
      answer_{.reasoning = spec.reasoning,
              .sampling = request_.sampling,
              .num_prompt_tokens = static_cast<int64_t>(request_.prompt.size())},
      decoder_(tokenizer, {.skip_special = true}),
      stops_(std::move(spec.stop)),
      parser_(std::move(spec.reply)),
      reader_(std::move(reader)),
      output_(spec.reasoning, reader_.writer) {}

Request AnswerRun::TakeRequest() {
  submitted_ = Clock::now();
  request_.on_token = [this](int32_t token) { return Push(token); };
  request_.on_step = [this](const StepView& view) { OnStep(view); };
  return std::move(request_);
}

AfterToken AnswerRun::Push(int32_t token) {
  last_ = Clock::now();
  if (num_tokens_++ == 0) first_ = last_;
  const std::string piece = decoder_.Push(token);
  const bool is_searched = num_tokens_ > answer_.sampling.min_tokens;
  if (!Take(is_searched ? stops_.Push(piece) : piece)) return AfterToken::kCancel;
  return stops_.found().has_value() ? AfterToken::kStop : AfterToken::kGoOn;
}

void AnswerRun::OnStep(const StepView& view) {
  if (!begun_.has_value()) begun_ = step_begin_;
  const int64_t done = view.first_position + view.num_rows;
  if (reader_.on_prompt != nullptr && num_tokens_ == 0 && done <= answer_.num_prompt_tokens)
    reader_.on_prompt(done, answer_.num_prompt_tokens);
}

bool AnswerRun::Take(const std::string& piece) {
  answer_.text += piece;
  output_.Take(parser_.Push(piece));
  return output_.status().ok();
}

absl::StatusOr<Answer> AnswerRun::Finish(Result result) {
  Take(stops_.Push(decoder_.Finish()));
  Take(stops_.Finish());
  const bool is_ended =
      result.reason == FinishReason::kStopId || result.reason == FinishReason::kStopped;
  output_.Take(parser_.Finish(/*is_cut=*/!is_ended));
  if (reader_.writer != nullptr) LATHE_RETURN_IF_ERROR(output_.Finish());
  LATHE_RETURN_IF_ERROR(result.status);
  answer_.reply = output_.reply();
  answer_.result = std::move(result);
  answer_.queue_seconds = SecondsUntil(begun_);
  answer_.first_seconds = SecondsUntil(first_);
  answer_.last_seconds = SecondsUntil(last_);
  return std::move(answer_);
}

// 0 where the time never came.
double AnswerRun::SecondsUntil(const std::optional<Clock::time_point>& time) const {
  if (!time.has_value()) return 0;
  return std::chrono::duration<double>(*time - submitted_).count();
}

absl::string_view FinishText(FinishReason reason) {
  switch (reason) {
    case FinishReason::kStopId:
    case FinishReason::kStopped:
      return "stop";
    case FinishReason::kLength:
      return "length";
    case FinishReason::kContext:
      return "context";
    case FinishReason::kCancelled:
      return "interrupted";
    case FinishReason::kFailed:
      break;
  }
  return "failed";
}

std::string NoteText(const Answer& answer) {
  std::string out;
  for (const std::string& note : answer.reply.notes)
    absl::StrAppend(&out, "lathe-run: ", note, "\n");
  return out;
}

std::string EndText(const Answer& answer, int64_t context) {
  if (answer.result.reason == FinishReason::kContext) {
    return absl::StrCat("lathe-run: the answer ends because the context of ", context,
                        " tokens is full\n");
  }
  if (answer.result.reason == FinishReason::kCancelled) return "lathe-run: interrupted\n";
  return "";
}

std::string SpeedText(const Answer& answer, uint64_t peak_bytes) {
  const auto num_tokens = static_cast<int64_t>(answer.result.tokens.size());
  if (num_tokens == 0) return "speed: no token was made\n";
  const int64_t num_reused = answer.result.num_reused;
  const int64_t num_read = answer.num_prompt_tokens - num_reused;
  std::string out = absl::StrFormat(
      "speed: first token after %.1f ms (reused %d of %d prompt tokens, read %d at %.1f tokens/s)",
      answer.first_seconds * 1e3, num_reused, answer.num_prompt_tokens, num_read,
      static_cast<double>(num_read) / (answer.first_seconds - answer.queue_seconds));
  if (num_tokens > 1) {
    absl::StrAppend(&out, absl::StrFormat(", then %d at %.1f tokens/s", num_tokens - 1,
                                          static_cast<double>(num_tokens - 1) /
                                              (answer.last_seconds - answer.first_seconds)));
  }
  const int64_t num_preempted = answer.result.num_preempted;
  if (num_preempted > 0) absl::StrAppend(&out, ", preempted ", num_preempted, " times");
  return absl::StrCat(out, "; at most ", HumanBytes(peak_bytes), " in memory\n");
}

}  // namespace lathe
