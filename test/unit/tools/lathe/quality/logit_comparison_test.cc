#include "tools/lathe/quality/logit_comparison.h"

#include <cmath>
#include <limits>
#include <vector>

#include "gtest/gtest.h"

namespace lathe {
namespace {

// Logits of given probabilities, moved by a constant, which changes nothing.
std::vector<float> LogitsOf(const std::vector<double>& probabilities, float shift = 0) {
  std::vector<float> logits;
  for (double p : probabilities) logits.push_back(static_cast<float>(std::log(p)) + shift);
  return logits;
}

TEST(LogitComparisonTest, OneRowByHand) {
  LogitComparison comparison;
  comparison.Add(LogitsOf({0.5, 0.25, 0.25}, 3), LogitsOf({0.25, 0.5, 0.25}, -7), 2);
  QualitySummary summary = comparison.Summarize();
  EXPECT_EQ(summary.tokens, 1);
  EXPECT_NEAR(summary.reference_perplexity, 4, 1e-5);
  EXPECT_NEAR(summary.variant_perplexity, 4, 1e-5);
  // 0.5 log 2 - 0.25 log 2
  EXPECT_NEAR(summary.mean_kl, 0.25 * std::log(2), 1e-6);
  EXPECT_NEAR(summary.kl_99, 0.25 * std::log(2), 1e-6);
  EXPECT_EQ(summary.same_top, 0);
}

TEST(LogitComparisonTest, EqualRowsDoNotDiffer) {
  LogitComparison comparison;
  std::vector<float> row = {1000, -1000, 12.5f, std::numeric_limits<float>::lowest()};
  comparison.Add(row, row, 0);
  EXPECT_EQ(comparison.Summarize().mean_kl, 0);
  EXPECT_EQ(comparison.Summarize().same_top, 1);
  EXPECT_DOUBLE_EQ(comparison.Summarize().reference_perplexity, 1);
}

TEST(LogitComparisonTest, MeansAndTheWorstPercent) {
  LogitComparison comparison;
  const std::vector<float> even = LogitsOf({0.5, 0.5});
  for (int i = 0; i < 199; ++i) comparison.Add(even, even, i % 2);
  comparison.Add(LogitsOf({0.9, 0.1}), LogitsOf({0.1, 0.9}), 1);
  QualitySummary summary = comparison.Summarize();
  const double kl = 0.9 * std::log(9) - 0.1 * std::log(9);
  EXPECT_NEAR(summary.mean_kl, kl / 200, 1e-6);
  // One token in 200 is less than one in a hundred; two more are not.
  EXPECT_NEAR(summary.kl_99, 0, 1e-9);
  for (int i = 0; i < 2; ++i) comparison.Add(LogitsOf({0.9, 0.1}), LogitsOf({0.1, 0.9}), 1);
  EXPECT_NEAR(comparison.Summarize().kl_99, kl, 1e-5);
  EXPECT_NEAR(summary.same_top, 199.0 / 200, 1e-9);
  EXPECT_NEAR(std::log(summary.reference_perplexity), (199 * std::log(2) - std::log(0.1)) / 200,
              1e-6);
}

}  // namespace
}  // namespace lathe
