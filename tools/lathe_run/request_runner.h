// The loop of --requests: lines in, as far as there is room for them, result lines out.
//   RequestRunner runner(lines, maker, batch, tokenizer, interrupt, sink, progress, {});
//   LATHE_RETURN_IF_ERROR(runner.Run());
//   WriteStderr(runner.totals().Text());
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <string>

#include "absl/status/status.h"
#include "frontend/tokenizer/tokenizer.h"
#include "tools/common/progress_line.h"
#include "tools/lathe_run/answer_batch.h"
#include "tools/lathe_run/answer_maker.h"
#include "tools/lathe_run/input_lines.h"
#include "tools/lathe_run/result_json.h"
#include "tools/lathe_run/result_sink.h"

namespace lathe {

// What became of all requests.
struct RequestTotals {
  int64_t num_requests = 0;
  int64_t num_failed = 0;  // lines without an answer
  int64_t num_answers = 0;
  int64_t num_prompt_tokens = 0;
  int64_t num_reused = 0;
  int64_t num_new_tokens = 0;
  double seconds = 0;

  // In words, without a line end.
  std::string Text() const;
};

class RequestRunner {
 public:
  struct Limits {
    size_t most_at_once = 32;  // answers that run or wait; a request's n are taken together
    size_t most_held = 256;    // results that wait for their order
  };

  // All outlive the runner.
  RequestRunner(InputLines& lines, const AnswerMaker& maker, AnswerBatch& batch,
                const Tokenizer& tokenizer, const InterruptGuard& interrupt, ResultSink& sink,
                ProgressLine& progress, Limits limits)
      : lines_(lines),
        maker_(maker),
        batch_(batch),
        tokenizer_(tokenizer),
        interrupt_(interrupt),
        sink_(sink),
        progress_(progress),
        limits_(limits) {}

  // To the end of the lines, or to Ctrl-C: then what runs ends with what it has. Errors: of the
  // lines' descriptor and of the sink.
  absl::Status Run();

  const RequestTotals& totals() const { return totals_; }

 private:
  struct Waiting {
    ResultLabel label;
    int64_t place = 0;
  };

  absl::Status TakeLines();
  absl::Status TakeLine(const InputLines::Line& line);
  absl::Status Submit(const ParsedRequest& parsed, const ResultLabel& label, std::string* field);
  absl::Status Fail(const ResultLabel& label, absl::string_view field, const absl::Status& why);
  absl::Status Tell(AnswerBatch::Done done);
  bool HasRoom() const;

  InputLines& lines_;
  const AnswerMaker& maker_;
  AnswerBatch& batch_;
  const Tokenizer& tokenizer_;
  const InterruptGuard& interrupt_;
  ResultSink& sink_;
  ProgressLine& progress_;
  Limits limits_;
  RequestTotals totals_;
  std::map<int64_t, Waiting> waiting_;  // by the batch's id
  int64_t line_number_ = 0;
  int64_t next_place_ = 0;
  bool is_at_end_ = false;
};

}  // namespace lathe
