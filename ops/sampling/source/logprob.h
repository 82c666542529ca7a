// Logarithms of probabilities under the model itself: of a row of logits as it is, before masks,
// penalties and temperature.
#pragma once

#include <cstdint>

#include "ops/sampling/source/filter.h"
#include "ops/sampling/source/real.h"

namespace lathe::sampling {

struct Logprob {
  int32_t id;
  float value;
};

// What turns a logit into the logarithm of its probability.
struct Normalizer {
  float best;      // the largest logit
  double log_sum;  // ln of the sum of e^(logit - best)
};

// `logits` [n] hold no NaN and one above minus infinity.
constexpr Normalizer Normalize(const float* logits, int32_t n) {
  const float best = Largest(logits, n);
  uint64_t sum = 0;
  for (int32_t id = 0; id < n; ++id) sum += Weight(logits[id], best);
  return {best, Log(static_cast<double>(sum) / static_cast<double>(kFullWeight))};
}

constexpr float LogprobOf(float logit, const Normalizer& by) {
  if (logit == by.best) return static_cast<float>(-by.log_sum);
  return static_cast<float>(static_cast<double>(logit) - static_cast<double>(by.best) - by.log_sum);
}

// The `num_top` likeliest ids, likeliest first, the lowest id first among equals. For small
// numbers: each of the n is held against the last of those found so far. Returns how many there
// are, at most n.
constexpr int32_t TopLogprobs(const float* logits, int32_t n, const Normalizer& by, int32_t num_top,
                              Logprob* top) {
  int32_t count = 0;
  for (int32_t id = 0; id < n && num_top > 0; ++id) {
    if (count == num_top && !(logits[id] > top[count - 1].value)) continue;
    int32_t at = count < num_top ? count++ : count - 1;
    for (; at > 0 && logits[id] > top[at - 1].value; --at) top[at] = top[at - 1];
    top[at] = {id, logits[id]};
  }
  for (int32_t i = 0; i < count; ++i) top[i].value = LogprobOf(top[i].value, by);
  return count;
}

}  // namespace lathe::sampling
