// Chooses a token from one row of logits: process.h, temperature, filter.h, then one draw by
// (seed, position). All of it in one thread, without allocation, a function of its arguments alone.
//   Choice choice = SampleRow(processing, {.temperature = 0.6f, .top_k = 20, .seed = 7}, position,
//                             logits, n, {scores, candidates});
#pragma once

#include <cstdint>

#include "ops/sampling/source/filter.h"
#include "ops/sampling/source/philox.h"
#include "ops/sampling/source/process.h"

namespace lathe::sampling {

// Below this a temperature means the largest score (vLLM's v1/sample/sampler.py has the same).
inline constexpr float kLeastTemperature = 1e-5f;

struct Chance {
  float temperature = 0;
  int32_t top_k = 0;  // 0: all
  float top_p = 1;
  float min_p = 0;
  uint64_t seed = 0;
};

// Room for n of each.
struct Workspace {
  float* scores;
  Candidate* candidates;
};

enum class Outcome {
  kChosen,
  kNotANumber,      // `id` is the first such logit
  kNothingAllowed,  // every id is masked, or its logit is minus infinity
};

struct Choice {
  Outcome outcome;
  int32_t id;
};

// `logits` [n]: of the ids that may be produced, n <= kMaxVocabulary. `position`: of the token in
// its sequence.
constexpr Choice SampleRow(const Processing& processing, const Chance& chance, uint64_t position,
                           const float* logits, int32_t n, const Workspace& work) {
  const int32_t bad = Process(processing, logits, n, work.scores);
  if (bad >= 0) return {Outcome::kNotANumber, bad};
  const bool is_greedy = chance.temperature < kLeastTemperature;
  for (int32_t id = 0; !is_greedy && id < n; ++id) work.scores[id] /= chance.temperature;
  const float best = Largest(work.scores, n);
  if (best == -kInfinity) return {Outcome::kNothingAllowed, -1};
  if (is_greedy) {
    int32_t id = 0;
    while (work.scores[id] != best) ++id;
    return {Outcome::kChosen, id};
  }
  const int32_t count =
      Filter(work.scores, n, best, chance.top_k, chance.top_p, chance.min_p, work.candidates);
  return {Outcome::kChosen, Draw(work.candidates, count, RandomBits(chance.seed, position))};
}

}  // namespace lathe::sampling
