// What a caller asks of the generator and what it gets back.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "absl/status/status.h"
#include "absl/types/span.h"
#include "runtime/generate/sampler.h"
#include "runtime/generate/sampling_params.h"
#include "runtime/generate/step_runner.h"
#include "runtime/state/kv_cache.h"

namespace lathe {

// What one step computed for one request: rows [first_row, first_row + num_rows) of the step's
// outputs that have a row a token.
struct StepView {
  int64_t first_row;
  int64_t num_rows;
  int64_t first_position;  // of the first row in the request's sequence
  int64_t step_rows;       // of all requests
  const StepRunner& runner;
  absl::Span<const KvCache> caches;
  absl::Span<const PageList> pages;  // the request's, one for each cache
};

// What the reader of a token says about the request.
enum class AfterToken {
  kGoOn,
  kStop,    // the text is whole: a stop string came
  kCancel,  // nobody wants the rest
};

struct Request {
  std::vector<int32_t> prompt;
  // None: until a stop id or the end of the context.
  std::optional<int64_t> max_new_tokens = std::nullopt;
  // End the text and are no part of it; empty: nothing does.
  std::vector<int32_t> stop_ids = {};
  // How tokens are chosen; as it is: the likeliest.
  SamplingParams sampling = {};
  // The id of an earlier request with the same prompt, whose keys and values are shared as soon as
  // they are computed: n answers to a question are n - 1 such requests with other seeds. Where that
  // request has ended or is of another prompt, nothing but the time is lost.
  std::optional<int64_t> fork_of = std::nullopt;
  // Lengths in which the prompt is read; empty: as the scheduler likes.
  std::vector<int64_t> pieces = {};
  // Choose among all rows of the head, also those behind the last id of the tokenizer, as
  // references do that know no tokenizer. Text needs false: an id without a token cannot be
  // decoded.
  bool allow_padding_ids = false;
  // Of every row of the prompt, so that all are computed and nothing is reused.
  bool keep_prompt_logits = false;
  // Where not of every row, of so many at the end of the prompt; what is before them may be reused.
  int64_t last_prompt_logits = 0;
  // on_step sees every row of the prompt, so that all are computed and nothing is reused.
  bool computes_prompt = false;
  bool keep_token_logits = false;  // of the row that chose each token

  // Called for each new token as it is chosen.
  std::function<AfterToken(int32_t token)> on_token = nullptr;
  // Called after each step with new rows of this request, before the token that the step chose.
  // Rows that are computed again after a preemption are not shown again.
  std::function<void(const StepView& view)> on_step = nullptr;
};

enum class FinishReason {
  kStopId,     // a stop id was chosen
  kStopped,    // on_token found the end of the text
  kLength,     // max_new_tokens were made
  kContext,    // the context is full
  kCancelled,  // by the caller
  kFailed,     // Result.status says why
};

struct Result {
  absl::Status status;
  FinishReason reason = FinishReason::kFailed;
  std::vector<int32_t> tokens;          // new ones, without the stop id
  std::optional<int32_t> stop_id;       // the one that ended the text
  int64_t num_reused = 0;               // tokens of the prompt that others had computed
  int64_t num_preempted = 0;            // times that it lost its pages to older requests
  std::vector<float> prompt_logits;     // [rows of the prompt, V] when kept
  std::vector<float> token_logits;      // [tokens, V] when kept; row i chose token i
  std::vector<TokenLogprobs> logprobs;  // [tokens] when asked for
};

}  // namespace lathe
