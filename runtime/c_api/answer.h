// What a request of C has come to: its tokens, its text at the borders of characters and without
// what follows a stop text, its times and its end.
//   Answer answer(tokenizer, asked);
//   AfterToken after = answer.Push(token, &piece);   // piece: what the text grew by
//   answer.Finish(std::move(result), &piece);
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "frontend/tokenizer/stop_strings.h"
#include "frontend/tokenizer/stream_decoder.h"
#include "runtime/c_api/lathe.h"
#include "runtime/c_api/request_reader.h"
#include "runtime/generate/row_keeper.h"

namespace lathe::c_api {

class Answer {
 public:
  // `tokenizer`: null when the model has none, whose texts are all empty; else it outlives the
  // answer.
  Answer(const Tokenizer* tokenizer, const AskedRequest& asked);

  AfterToken Push(int32_t token, std::string* piece);
  // Keeps the hidden states that were asked for.
  void OnStep(const StepView& view);
  void Finish(Result result, std::string* piece);

  bool is_finished() const { return result_.has_value(); }
  lathe_finish finish() const;
  const std::vector<int32_t>& tokens() const { return tokens_; }
  const std::string& text() const { return text_; }

  // FailedPrecondition before the end; afterwards the status of a request that failed.
  absl::Status CheckFinished() const;
  absl::StatusOr<lathe_result> Summary() const;
  // OutOfRange for a token that is not there, FailedPrecondition where none were asked for.
  absl::StatusOr<std::vector<lathe_logprob>> Logprobs(size_t index) const;
  // What was kept; FailedPrecondition for what was not asked for.
  absl::StatusOr<absl::Span<const float>> PromptLogits() const;
  absl::StatusOr<absl::Span<const float>> TokenLogits() const;
  absl::StatusOr<absl::Span<const float>> Hidden(int64_t layer) const;

 private:
  using Clock = std::chrono::steady_clock;

  std::optional<StreamDecoder> decoder_;
  StopStrings stops_;
  int64_t num_prompt_;
  int64_t min_tokens_;  // the text of that many is not searched for stops
  bool has_logprobs_;
  bool has_prompt_logits_;
  bool has_token_logits_;
  std::map<int64_t, RowKeeper> hidden_;  // by layer
  Clock::time_point start_ = Clock::now();
  Clock::time_point first_;
  Clock::time_point last_;
  std::vector<int32_t> tokens_;
  std::string text_;
  std::optional<Result> result_;
};

}  // namespace lathe::c_api
