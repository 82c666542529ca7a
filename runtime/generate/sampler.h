// Chooses the tokens of one request from rows of logits (ops/sampling/source), and remembers what
// the penalties need to know.
//   Sampler sampler(request.sampling, request.stop_ids, request.prompt);
//   LATHE_ASSIGN_OR_RETURN(ChosenToken chosen, sampler.Choose(logits, greedy_id));
//   sampler.Add(chosen.id);
#pragma once

#include <cstdint>
#include <optional>
#include <unordered_map>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "ops/sampling/source/logprob.h"
#include "ops/sampling/source/sample_row.h"
#include "runtime/generate/sampling_params.h"

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

  // The token that follows those known so far. `logits`: of the ids that may be chosen;
  // `greedy_id`: the first of the largest of them, as the model found it, below 0 where none is a
  // number above minus infinity. Errors: DataLoss for logits that are no numbers, InvalidArgument
  // when the request's masks leave nothing to choose.
  absl::StatusOr<ChosenToken> Choose(absl::Span<const float> logits, int32_t greedy_id);

  // `id` is part of the output now.
  void Add(int32_t id);

 private:
  bool HasMask() const;
  bool IsPlain() const;
  absl::StatusOr<int32_t> ChoosePlain(int32_t greedy_id) const;
  absl::StatusOr<int32_t> ChooseByRow(absl::Span<const float> logits);
  absl::Status NothingToChoose() const;
  TokenLogprobs Logprobs(absl::Span<const float> logits, int32_t id) const;
  void Use(int32_t id, int32_t num_generated);

  SamplingParams params_;
  std::vector<int32_t> stop_ids_;
  std::vector<sampling::Bias> biases_;
  bool counts_ids_;
  std::vector<sampling::UsedId> used_;
  std::unordered_map<int32_t, size_t> used_index_;  // id -> its place in used_
  int64_t num_new_ = 0;
  uint64_t position_;  // of the next token
  // Room for one row, kept from token to token.
  std::vector<float> scores_;
  std::vector<sampling::Candidate> candidates_;
};

}  // namespace lathe
