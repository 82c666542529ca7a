// Compares what a model computed with what it must compute.
#pragma once

#include <cstdint>
#include <string>

#include "absl/types/span.h"
#include "test/support/golden/artifact_run.h"
#include "test/support/golden/golden_data.h"

namespace lathe::testing {

// Fails once, at the element that lies furthest off, when one differs by more than `max_abs` or is
// not finite.
void ExpectNear(absl::Span<const float> actual, absl::Span<const float> expected, double max_abs,
                const std::string& what);

// Fails unless both hold the same bits.
void ExpectSameBits(absl::Span<const float> actual, absl::Span<const float> expected,
                    const std::string& what);
// The same for all that two runs kept: tokens, logits, layer inputs, states.
void ExpectSameBits(const PromptRun& actual, const PromptRun& expected, const std::string& what);

// Rows [rows, vocab] of logits as distributions.
struct Divergence {
  double mean_kl = 0;           // KL(expected || actual), in nats
  double argmax_agreement = 0;  // of the rows whose best two expected logits are `margin` apart
};
Divergence Diverge(absl::Span<const float> actual, absl::Span<const float> expected, int64_t vocab,
                   double margin);

}  // namespace lathe::testing
