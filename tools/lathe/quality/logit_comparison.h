// How far the logits of a variant of a model are from those of a reference, over the tokens of a
// text.
//   LogitComparison comparison;
//   for (...) comparison.Add(reference_row, variant_row, next_token);
//   comparison.Summarize().mean_kl;
#pragma once

#include <cstdint>
#include <vector>

#include "absl/types/span.h"

namespace lathe {

struct QualitySummary {
  int64_t tokens = 0;
  double reference_perplexity = 0;  // exp of the mean of -log p(next token)
  double variant_perplexity = 0;
  double mean_kl = 0;   // KL divergence of the reference from the variant, in nats a token
  double kl_99 = 0;     // 99 % of the tokens have at most this
  double same_top = 0;  // share of the tokens at which both find the same one most likely
};

class LogitComparison {
 public:
  // One row of logits each, of the same vocabulary, and the token of the text behind it.
  void Add(absl::Span<const float> reference, absl::Span<const float> variant, int32_t next);

  int64_t tokens() const { return static_cast<int64_t>(kl_.size()); }
  // At least one row was added.
  QualitySummary Summarize() const;

 private:
  double reference_loss_ = 0;
  double variant_loss_ = 0;
  int64_t same_top_ = 0;
  std::vector<double> kl_;
  std::vector<double> weights_;  // exp(reference - its maximum) of the row at hand
};

}  // namespace lathe
