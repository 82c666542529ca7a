#include "tools/lathe_run/request_runner.h"

#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "runtime/base/status_macros.h"

namespace lathe {

std::string RequestTotals::Text() const {
  std::string out = absl::StrCat(
      num_requests, num_requests == 1 ? " request, " : " requests, ", num_answers,
      num_answers == 1 ? " answer, " : " answers, ", num_failed, " failed; reused ", num_reused,
      " of ", num_prompt_tokens, " prompt tokens, ", num_new_tokens, " new tokens");
  absl::StrAppend(&out, absl::StrFormat(" in %.2f s", seconds));
  if (seconds > 0) {
    absl::StrAppend(&out, absl::StrFormat(" (%.1f new tokens/s)",
                                          static_cast<double>(num_new_tokens) / seconds));
  }
  return out;
}

absl::Status RequestRunner::Run() {
  const auto start = std::chrono::steady_clock::now();
  while (true) {
    if (interrupt_.interrupted()) {
      is_at_end_ = true;
      batch_.CancelAll();
    }
    LATHE_RETURN_IF_ERROR(TakeLines());
    const std::chrono::duration<double> time = std::chrono::steady_clock::now() - start;
    totals_.seconds = time.count();
    if (is_at_end_ && batch_.empty()) break;
    for (AnswerBatch::Done& done : batch_.Step()) LATHE_RETURN_IF_ERROR(Tell(std::move(done)));
    progress_.Show(absl::StrCat(batch_.size(), " under way; ", totals_.Text()));
  }
  progress_.Clear();
  return absl::OkStatus();
}

bool RequestRunner::HasRoom() const {
  return batch_.size() < limits_.most_at_once && sink_.num_held() < limits_.most_held;
}

// Waits for a line only where nothing else is to be done.
absl::Status RequestRunner::TakeLines() {
  using Kind = InputLines::Line::Kind;
  while (!is_at_end_ && HasRoom()) {
    LATHE_ASSIGN_OR_RETURN(
        const InputLines::Line line,
        lines_.Next(batch_.empty() ? InputLines::Wait::kForInput : InputLines::Wait::kNot));
    if (line.kind == Kind::kNothing || line.kind == Kind::kInterrupt) return absl::OkStatus();
    if (line.kind == Kind::kEnd) {
      is_at_end_ = true;
      return absl::OkStatus();
    }
    LATHE_RETURN_IF_ERROR(TakeLine(line));
  }
  return absl::OkStatus();
}

absl::Status RequestRunner::TakeLine(const InputLines::Line& line) {
  ResultLabel label{.line = ++line_number_};
  if (line.kind == InputLines::Line::Kind::kTooLong) {
    ++totals_.num_requests;
    return Fail(label, "",
                absl::InvalidArgumentError(
                    absl::StrCat("the line is longer than ", kMaxJsonBytes, " bytes")));
  }
  if (absl::StripAsciiWhitespace(line.text).empty()) return absl::OkStatus();
  ++totals_.num_requests;
  ParsedRequest parsed = ParseRequestLine(line.text);
  label.id = parsed.id;
  const absl::Status submitted = Submit(parsed, label, &parsed.field);
  return submitted.ok() ? absl::OkStatus() : Fail(label, parsed.field, submitted);
}

// All answers of a request, or an error and none of them.
absl::Status RequestRunner::Submit(const ParsedRequest& parsed, const ResultLabel& label,
                                   std::string* field) {
  LATHE_RETURN_IF_ERROR(parsed.fields.status());
  LATHE_ASSIGN_OR_RETURN(std::vector<AnswerSpec> specs, maker_.Make(*parsed.fields));
  field->clear();
  LATHE_ASSIGN_OR_RETURN(const std::vector<int64_t> ids, batch_.SubmitAll(std::move(specs), {}));
  for (size_t i = 0; i < ids.size(); ++i) {
    Waiting waiting{label, next_place_++};
    if (ids.size() > 1) waiting.label.index = static_cast<int64_t>(i);
    waiting_.emplace(ids[i], std::move(waiting));
  }
  return absl::OkStatus();
}

absl::Status RequestRunner::Fail(const ResultLabel& label, absl::string_view field,
                                 const absl::Status& why) {
  ++totals_.num_failed;
  return sink_.Add(next_place_++, ErrorJson(label, field, why));
}

absl::Status RequestRunner::Tell(AnswerBatch::Done done) {
  const auto found = waiting_.find(done.id);
  const Waiting waiting = std::move(found->second);
  waiting_.erase(found);
  if (!done.answer.ok()) {
    ++totals_.num_failed;
    return sink_.Add(waiting.place, ErrorJson(waiting.label, "", done.answer.status()));
  }
  const Answer& answer = *done.answer;
  // Never begun before Ctrl-C: there is nothing to tell.
  const bool is_cancelled = answer.result.reason == FinishReason::kCancelled;
  if (is_cancelled && answer.result.tokens.empty()) return absl::OkStatus();
  ++totals_.num_answers;
  totals_.num_prompt_tokens += answer.num_prompt_tokens;
  totals_.num_reused += answer.result.num_reused;
  totals_.num_new_tokens += static_cast<int64_t>(answer.result.tokens.size());
  return sink_.Add(waiting.place, ResultJson(waiting.label, answer, tokenizer_));
}

}  // namespace lathe
