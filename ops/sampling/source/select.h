// Where a descending walk over scores must stop, found without sorting: three passes over the row,
// whatever the scores are. Masses are integers, so that no sum depends on its order.
//   // the 20th largest of scores[0, n):
//   float least = FindThreshold(n, 20, [&](int32_t i) { return scores[i]; },
//                               [](int32_t) { return uint64_t{1}; }).score;
#pragma once

#include <cstdint>

#include "ops/sampling/source/real.h"

namespace lathe::sampling {

// a < b exactly where OrderKey(a) < OrderKey(b), for all that are numbers; zeros of both signs are
// one.
constexpr uint32_t OrderKey(float score) {
  const auto bits = __builtin_bit_cast(uint32_t, score == 0 ? 0.0f : score);
  return (bits >> 31) != 0 ? ~bits : bits | 0x80000000u;
}

constexpr float KeyScore(uint32_t key) {
  return __builtin_bit_cast(float, (key >> 31) != 0 ? key & 0x7fffffffu : ~key);
}

struct Threshold {
  float score;
  uint64_t mass_above;  // of the scores above it, less than the target
};

// One digit of a key: `bits` of it from `shift` on.
struct KeyDigit {
  int shift;
  int bits;
};

// The largest score for which it and all above it together have a mass of at least `target`:
// 1 <= target <= mass of all. A radix selection: each pass settles one digit of the key.
template <typename ScoreAt, typename MassAt>
constexpr Threshold FindThreshold(int32_t n, uint64_t target, ScoreAt score_at, MassAt mass_at) {
  constexpr KeyDigit kDigits[] = {{21, 11}, {10, 11}, {0, 10}};
  uint32_t key = 0;
  uint64_t above = 0;
  for (const KeyDigit& digit : kDigits) {
    const int32_t num_values = 1 << digit.bits;
    const int settled = digit.shift + digit.bits;  // bits from here on are the key's already
    uint64_t mass[1 << 11];
    for (uint64_t& each : mass) each = 0;  // an initialiser would call memset
    for (int32_t i = 0; i < n; ++i) {
      const uint32_t other = OrderKey(score_at(i));
      if (settled < 32 && (other >> settled) != (key >> settled)) continue;
      mass[(other >> digit.shift) & static_cast<uint32_t>(num_values - 1)] += mass_at(i);
    }
    int32_t value = num_values - 1;
    while (value > 0 && above + mass[value] < target) above += mass[value--];
    key |= static_cast<uint32_t>(value) << digit.shift;
  }
  return {KeyScore(key), above};
}

}  // namespace lathe::sampling
