// One answer of the model: what is asked, the text while it comes, and what became of it.
//   LATHE_ASSIGN_OR_RETURN(std::vector<AnswerSpec> specs, maker.Make(fields));
//   AnswerRun run(std::move(specs[0]), tokenizer, WriteStdout);
//   ... the generator runs run.TakeRequest() ...
//   LATHE_ASSIGN_OR_RETURN(Answer answer, run.Finish(*generator.Take(id)));
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "frontend/reply/reply_event.h"
#include "frontend/reply/reply_parser.h"
#include "frontend/tokenizer/stop_strings.h"
#include "frontend/tokenizer/stream_decoder.h"
#include "frontend/tokenizer/tokenizer.h"
#include "runtime/generate/request.h"
#include "tools/lathe_run/reply_output.h"

namespace lathe {

// All that one answer depends on.
struct AnswerSpec {
  Request request = {};  // without callbacks
  std::vector<std::string> stop = {};
  Reasoning reasoning = Reasoning::kShow;
  ReplyOptions reply = {};
};

struct Answer {
  std::string text = {};  // as the model wrote it
  Reply reply = {};       // the same by its parts
  Result result = {};
  Reasoning reasoning = Reasoning::kShow;
  SamplingParams sampling = {};
  int64_t num_prompt_tokens = 0;
  // Since the request was handed over: until its first step began, its first token, its last.
  double queue_seconds = 0;
  double first_seconds = 0;
  double last_seconds = 0;
};

// Who is told about an answer while it comes; all may be missing.
struct AnswerReader {
  ReplyOutput::Writer writer = nullptr;  // of the text
  // After each step that read a part of the prompt, with tokens of it and of all.
  std::function<void(int64_t done, int64_t total)> on_prompt = nullptr;
};

// An answer while it comes: tokens -> text at the borders of characters -> the reply by its parts.
// The text of the first min_tokens is not searched for stop strings.
class AnswerRun {
 public:
  using Clock = std::chrono::steady_clock;

  // `tokenizer` outlives it. Without a writer the reply is collected only.
  AnswerRun(AnswerSpec spec, const Tokenizer& tokenizer, AnswerReader reader);
  AnswerRun(const AnswerRun&) = delete;
  AnswerRun& operator=(const AnswerRun&) = delete;

  // What the generator is to run, once; it calls back here. Time counts from now on.
  Request TakeRequest();
  // Before each step of the generator.
  void OnStepBegin(Clock::time_point now) { step_begin_ = now; }

  // The end, with the generator's result. Errors: the result's own, those of the writer.
  absl::StatusOr<Answer> Finish(Result result);

 private:
  AfterToken Push(int32_t token);
  void OnStep(const StepView& view);
  bool Take(const std::string& piece);
  double SecondsUntil(const std::optional<Clock::time_point>& time) const;

  Request request_;
  Answer answer_;
  StreamDecoder decoder_;
  StopStrings stops_;
  ReplyParser parser_;
  AnswerReader reader_;
  ReplyOutput output_;
  int64_t num_tokens_ = 0;
  Clock::time_point submitted_;
  Clock::time_point step_begin_;
  std::optional<Clock::time_point> begun_;
  std::optional<Clock::time_point> first_;
  std::optional<Clock::time_point> last_;
};

// "stop", "length", "context", "interrupted".
absl::string_view FinishText(FinishReason reason);

// What could not be read as the model meant it, a line each.
std::string NoteText(const Answer& answer);
// Why the answer ended, where its reader would wonder; "" else.
std::string EndText(const Answer& answer, int64_t context);
// How fast it came, and the most memory that the process had so far.
std::string SpeedText(const Answer& answer, uint64_t peak_bytes);

}  // namespace lathe
