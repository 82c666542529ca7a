// How one request wants its tokens chosen: tells the model before a step (SamplingRows), takes what
// the model chose, and remembers what the penalties need to know.
//   Sampler sampler(request.sampling, request.stop_ids, request.prompt);
//   sampler.AddRow(rows);  // then the step runs
//   LATHE_ASSIGN_OR_RETURN(ChosenToken chosen, sampler.Take(next_id, logits));
//   sampler.Add(chosen.id);
#pragma once

#include <cstdint>
#include <optional>
#include <unordered_map>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "ops/sampling/source/logprob.h"
#include "runtime/generate/sampling_params.h"
#include "runtime/generate/sampling_rows.h"

namespace lathe {

// Of the model itself: masks, penalties and temperature do not change them.
struct TokenLogprobs {
  float chosen = 0;                               // of the token
  std::vector<sampling::Logprob> likeliest = {};  // likeliest first
};

struct ChosenToken {
  int32_t id = 0;
  std::optional<TokenLogprobs> logprobs = std::nullopt;  // when asked for
};

class Sampler {
 public:
  Sampler(const SamplingParams& params, absl::Span<const int32_t> stop_ids,
          absl::Span<const int32_t> prompt);

  // The row whose logits choose the token that follows those known so far.
  void AddRow(SamplingRows& rows) const;

  // What the model chose for that row: an id or what stands for none (choose_row.h). `logits`: of
  // the ids that may be chosen, at most sampling::kMaxVocabulary. Errors: DataLoss for logits that
  // are no numbers, InvalidArgument when the request's masks leave nothing to choose.
  absl::StatusOr<ChosenToken> Take(int32_t next_id, absl::Span<const float> logits) const;

  // `id` is part of the output now.
  void Add(int32_t id);

 private:
  // As the source reads lists (ops/sampling/source/process.h).
  struct ValueList {
    std::vector<int32_t> ids;
    std::vector<float> values;

    sampling::ValueList view() const {
      return {ids.data(), values.data(), static_cast<int32_t>(ids.size())};
    }
  };

  bool MayStop() const { return num_new_ >= params_.min_tokens; }
  bool HasMask() const;
  bool IsPlain() const;
  absl::Status NoToken(int32_t next_id) const;
  TokenLogprobs Logprobs(absl::Span<const float> logits, int32_t id) const;
  void Use(int32_t id, float num_generated);

  SamplingParams params_;
  std::vector<int32_t> forbidden_before_stop_;  // and the stop ids
  ValueList biases_;
  bool counts_ids_;
  ValueList used_;
  std::unordered_map<int32_t, size_t> used_index_;  // id -> its place in used_
  bool has_stop_ids_;
  int64_t num_prompt_;
  int64_t num_new_ = 0;
};

}  // namespace lathe
