// Which ids may be drawn, and with what weight: top-k, top-p and min-p in the order of
// transformers' warpers (generation/logits_process.py), on scores that temperature has divided.
// Ties: all that equal the k-th stay (top-k); of equal scores at the border of top-p the lowest ids
// stay, as the lowest id is the largest of equals everywhere.
#pragma once

#include <cstdint>

#include "ops/sampling/source/real.h"
#include "ops/sampling/source/select.h"

namespace lathe::sampling {

// Weights are probabilities in units of 2^-40 of the largest one. As integers their sums are exact,
// in any order and on any device; what rounds to 0 is less likely than 1 in 10^12 and never drawn.
// 2^24 of them do not overflow 64 bits.
inline constexpr uint64_t kFullWeight = uint64_t{1} << 40;
inline constexpr int32_t kMaxVocabulary = 1 << 23;

struct Candidate {
  float score;
  int32_t id;
  uint64_t weight;
};

// e^(score - best), where `best` is the largest score: full for it, infinite or not; a weight that
// is chosen and not branched to.
constexpr uint64_t Weight(float score, float best) {
  const double share = Exp(static_cast<double>(score) - static_cast<double>(best));
  const auto weight = static_cast<uint64_t>(share * static_cast<double>(kFullWeight) + 0.5);
  return score == best ? kFullWeight : weight;
}

// Minus infinity when there is none above it. `scores` holds no NaN. Independent lanes let the
// compiler use vectors; the order of comparisons does not change a maximum.
constexpr float Largest(const float* scores, int32_t n) {
  constexpr int32_t kLanes = 32;
  float lanes[kLanes];
  for (float& lane : lanes) lane = -kInfinity;
  const int32_t whole = n / kLanes * kLanes;
  for (int32_t i = 0; i < whole; i += kLanes) {
    for (int32_t lane = 0; lane < kLanes; ++lane)
      lanes[lane] = scores[i + lane] > lanes[lane] ? scores[i + lane] : lanes[lane];
  }
  float best = -kInfinity;
  for (float lane : lanes) best = lane > best ? lane : best;
  for (int32_t i = whole; i < n; ++i) best = scores[i] > best ? scores[i] : best;
  return best;
}

// The ids in [begin, end) with a score of at least `least` and above minus infinity, ascending.
// Returns how many.
constexpr int32_t Gather(const float* scores, int32_t begin, int32_t end, float least,
                         Candidate* out) {
  int32_t count = 0;
  for (int32_t id = begin; id < end; ++id) {
    if (scores[id] >= least && scores[id] > -kInfinity) out[count++] = {scores[id], id, 0};
  }
  return count;
}

// Drops candidates below `least`; the order is kept.
constexpr int32_t KeepFrom(float least, Candidate* candidates, int32_t count) {
  int32_t kept = 0;
  for (int32_t i = 0; i < count; ++i) {
    const Candidate candidate = candidates[i];
    if (candidate.score >= least) candidates[kept++] = candidate;
  }
  return kept;
}

// GatherTopK for k far below n, in little more than one pass: of blocks only the largest score is
// looked at first. The k-th of these is a lower bound of the k-th score, and few blocks reach it.
constexpr int32_t GatherTopKByBlocks(const float* scores, int32_t n, int32_t k, int32_t block,
                                     Candidate* out) {
  float best[1024];
  int32_t num_blocks = 0;
  for (int32_t begin = 0; begin < n; begin += block)
    best[num_blocks++] = Largest(scores + begin, block < n - begin ? block : n - begin);
  const float bound =
      FindThreshold(
          num_blocks, static_cast<uint64_t>(k), [&best](int32_t i) { return best[i]; },
          [](int32_t) { return uint64_t{1}; })
          .score;
  int32_t count = 0;
  for (int32_t i = 0; i < num_blocks; ++i) {
    if (best[i] < bound) continue;
    const int32_t end = block < n - i * block ? (i + 1) * block : n;
    count += Gather(scores, i * block, end, bound, out + count);
  }
  if (count <= k) return count;
  const Threshold kth = FindThreshold(
      count, static_cast<uint64_t>(k), [out](int32_t i) { return out[i].score; },
      [](int32_t) { return uint64_t{1}; });
  return KeepFrom(kth.score, out, count);
}

// All ids that are allowed (above minus infinity) and, unless k is 0 or at least n, not below the
// k-th largest score.
constexpr int32_t GatherTopK(const float* scores, int32_t n, int32_t k, Candidate* out) {
  if (k <= 0 || k >= n) return Gather(scores, 0, n, -kInfinity, out);
  const int32_t block = (n / 1024 + 32) / 32 * 32;  // at most 1024 of them, in whole lanes
  if (k <= n / block / 4) return GatherTopKByBlocks(scores, n, k, block, out);
  const Threshold kth = FindThreshold(
      n, static_cast<uint64_t>(k), [scores](int32_t i) { return scores[i]; },
      [](int32_t) { return uint64_t{1}; });
  return Gather(scores, 0, n, kth.score, out);
}

constexpr uint64_t TotalWeight(const Candidate* candidates, int32_t count) {
  uint64_t total = 0;
  for (int32_t i = 0; i < count; ++i) total += candidates[i].weight;
  return total;
}

// Keeps, from the largest down, candidates until their share of the weight is at least p: what is
// left when from the smallest up as much is dropped as fits into 1 - p. The largest stays always.
// The order is kept; returns how many stay.
constexpr int32_t KeepTopP(Candidate* candidates, int32_t count, float p) {
  if (!(p < 1)) return count;
  const double share = static_cast<double>(p) * static_cast<double>(TotalWeight(candidates, count));
  auto target = static_cast<uint64_t>(share);
  if (static_cast<double>(target) < share || target == 0) ++target;
  const Threshold border = FindThreshold(
      count, target, [candidates](int32_t i) { return candidates[i].score; },
      [candidates](int32_t i) { return candidates[i].weight; });
  uint64_t missing = target - border.mass_above;  // to be made up by those at the border
  int32_t kept = 0;
  for (int32_t i = 0; i < count; ++i) {
    const Candidate candidate = candidates[i];
    if (candidate.score < border.score) continue;
    if (candidate.score == border.score) {
      if (missing == 0) continue;
      missing -= candidate.weight < missing ? candidate.weight : missing;
    }
    candidates[kept++] = candidate;
  }
  return kept;
}

// Drops what is less likely than min_p times the likeliest.
constexpr int32_t KeepMinP(Candidate* candidates, int32_t count, float min_p) {
  const double least = static_cast<double>(min_p) * static_cast<double>(kFullWeight);
  int32_t kept = 0;
  for (int32_t i = 0; i < count; ++i) {
    const Candidate candidate = candidates[i];
    if (static_cast<double>(candidate.weight) >= least) candidates[kept++] = candidate;
  }
  return kept;
}

// All three, with weights. `best`: the largest score. Returns the number of candidates, ascending
// by id; 0 only when no score is above minus infinity.
constexpr int32_t Filter(const float* scores, int32_t n, float best, int32_t top_k, float top_p,
                         float min_p, Candidate* out) {
  int32_t count = GatherTopK(scores, n, top_k, out);
  for (int32_t i = 0; i < count; ++i) out[i].weight = Weight(out[i].score, best);
  count = KeepTopP(out, count, top_p);
  return KeepMinP(out, count, min_p);
}

// The id that the random `bits` fall on: inverse transform over the ids in ascending order.
constexpr int32_t Draw(const Candidate* candidates, int32_t count, uint64_t bits) {
  const uint64_t target = MulHigh(bits, TotalWeight(candidates, count));  // below the total
  uint64_t sum = 0;
  int32_t i = 0;
  while ((sum += candidates[i].weight) <= target) ++i;
  return candidates[i].id;
}

}  // namespace lathe::sampling
