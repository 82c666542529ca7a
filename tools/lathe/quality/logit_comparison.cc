#include "tools/lathe/quality/logit_comparison.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "runtime/base/check.h"

namespace lathe {
namespace {

double Maximum(absl::Span<const float> row) { return *std::max_element(row.begin(), row.end()); }

size_t Top(absl::Span<const float> row) {
  return static_cast<size_t>(std::max_element(row.begin(), row.end()) - row.begin());
}

// log of the sum of exp over the row.
double LogSum(absl::Span<const float> row) {
  const double maximum = Maximum(row);
  double sum = 0;
  for (float logit : row) sum += std::exp(static_cast<double>(logit) - maximum);
  return maximum + std::log(sum);
}

}  // namespace

void LogitComparison::Add(absl::Span<const float> reference, absl::Span<const float> variant,
                          int32_t next) {
  LATHE_CHECK(reference.size() == variant.size() && next >= 0 &&
              static_cast<size_t>(next) < reference.size())
      << reference.size() << " and " << variant.size() << " logits, token " << next;
  const double maximum = Maximum(reference);
  weights_.resize(reference.size());
  double sum = 0;
  for (size_t i = 0; i < reference.size(); ++i)
    sum += weights_[i] = std::exp(static_cast<double>(reference[i]) - maximum);
  const double reference_log_sum = maximum + std::log(sum);
  const double variant_log_sum = LogSum(variant);
  double kl = 0;
  for (size_t i = 0; i < reference.size(); ++i) {
    if (weights_[i] == 0) continue;  // 0 * log 0 is 0, also where the logit is -infinity
    const double log_ratio = (reference[i] - reference_log_sum) - (variant[i] - variant_log_sum);
    kl += weights_[i] / sum * log_ratio;
  }
  kl_.push_back(std::max(kl, 0.0));  // rounding may leave a little below 0
  const auto token = static_cast<size_t>(next);
  reference_loss_ += reference_log_sum - reference[token];
  variant_loss_ += variant_log_sum - variant[token];
  if (Top(reference) == Top(variant)) ++same_top_;
}

QualitySummary LogitComparison::Summarize() const {
  LATHE_CHECK(!kl_.empty()) << "no rows";
  const auto count = static_cast<double>(kl_.size());
  std::vector<double> sorted = kl_;
  std::sort(sorted.begin(), sorted.end());
  const auto rank = static_cast<size_t>(std::ceil(0.99 * count)) - 1;
  return {.tokens = tokens(),
          .reference_perplexity = std::exp(reference_loss_ / count),
          .variant_perplexity = std::exp(variant_loss_ / count),
          .mean_kl = std::accumulate(kl_.begin(), kl_.end(), 0.0) / count,
          .kl_99 = sorted[rank],
          .same_top = static_cast<double>(same_top_) / count};
}

}  // namespace lathe
