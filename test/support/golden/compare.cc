#include "test/support/golden/compare.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <functional>

#include "gtest/gtest.h"

namespace lathe::testing {
namespace {

// log(sum(exp(row))), in f64.
double LogSum(absl::Span<const float> row) {
  double largest = *std::max_element(row.begin(), row.end());
  double sum = 0;
  for (float value : row) sum += std::exp(value - largest);
  return largest + std::log(sum);
}

double KlOfRow(absl::Span<const float> actual, absl::Span<const float> expected) {
  double actual_log = LogSum(actual);
  double expected_log = LogSum(expected);
  double kl = 0;
  for (size_t i = 0; i < expected.size(); ++i) {
    double log_p = expected[i] - expected_log;
    double log_q = actual[i] - actual_log;
    kl += std::exp(log_p) * (log_p - log_q);
  }
  return kl;
}

// By how much the best value exceeds the second best.
double Margin(absl::Span<const float> row) {
  std::vector<float> best(2);
  std::partial_sort_copy(row.begin(), row.end(), best.begin(), best.end(), std::greater<float>());
  return best[0] - best[1];
}

ptrdiff_t ArgMax(absl::Span<const float> row) {
  return std::max_element(row.begin(), row.end()) - row.begin();
}

}  // namespace

void ExpectNear(absl::Span<const float> actual, absl::Span<const float> expected, double max_abs,
                const std::string& what) {
  ASSERT_EQ(actual.size(), expected.size()) << what;
  ASSERT_FALSE(expected.empty()) << what;
  size_t worst = 0;
  double largest = 0;
  for (size_t i = 0; i < expected.size(); ++i) {
    double difference = std::abs(static_cast<double>(actual[i]) - expected[i]);
    if (std::isnan(difference)) FAIL() << what << ": element " << i << " is " << actual[i];
    if (difference <= largest) continue;
    largest = difference;
    worst = i;
  }
  EXPECT_LE(largest, max_abs) << what << ": element " << worst << " is " << actual[worst]
                              << ", expected " << expected[worst];
}

void ExpectSameBits(absl::Span<const float> actual, absl::Span<const float> expected,
                    const std::string& what) {
  ASSERT_EQ(actual.size(), expected.size()) << what;
  for (size_t i = 0; i < expected.size(); ++i) {
    if (std::memcmp(&actual[i], &expected[i], sizeof(float)) == 0) continue;
    FAIL() << what << ": element " << i << " is " << actual[i] << ", expected " << expected[i];
  }
}

void ExpectSameBits(const PromptRun& actual, const PromptRun& expected, const std::string& what) {
  EXPECT_EQ(actual.tokens, expected.tokens) << what;
  ExpectSameBits(actual.prompt_logits, expected.prompt_logits, what + ", prompt logits");
  ExpectSameBits(actual.token_logits, expected.token_logits, what + ", token logits");
  ASSERT_EQ(actual.probes.size(), expected.probes.size()) << what;
  for (const auto& [name, values] : expected.probes) {
    auto found = actual.probes.find(name);
    ASSERT_NE(found, actual.probes.end()) << what << ", " << name;
    ExpectSameBits(found->second, values, what + ", " + name);
  }
}

Divergence Diverge(absl::Span<const float> actual, absl::Span<const float> expected, int64_t vocab,
                   double margin) {
  Divergence result;
  const size_t width = static_cast<size_t>(vocab);
  const size_t num_rows = expected.size() / width;
  int64_t num_clear = 0;
  int64_t num_equal = 0;
  for (size_t row = 0; row < num_rows; ++row) {
    absl::Span<const float> a = actual.subspan(row * width, width);
    absl::Span<const float> e = expected.subspan(row * width, width);
    result.mean_kl += KlOfRow(a, e) / static_cast<double>(num_rows);
    if (Margin(e) < margin) continue;
    ++num_clear;
    num_equal += ArgMax(a) == ArgMax(e) ? 1 : 0;
  }
  result.argmax_agreement =
      num_clear == 0 ? 1.0 : static_cast<double>(num_equal) / static_cast<double>(num_clear);
  return result;
}

}  // namespace lathe::testing
