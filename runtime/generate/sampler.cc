#include "runtime/generate/sampler.h"

#include <array>
#include <cmath>
#include <limits>

#include "runtime/base/check.h"

namespace lathe {
namespace {

constexpr float kMinusInfinity = -std::numeric_limits<float>::infinity();

// The largest of `values`, minus infinity when there is none. Independent lanes let the compiler
// use vectors; the order of comparisons does not change a maximum.
float Largest(absl::Span<const float> values) {
  constexpr size_t kLanes = 32;
  std::array<float, kLanes> lanes;
  lanes.fill(kMinusInfinity);
  size_t whole = values.size() / kLanes * kLanes;
  for (size_t i = 0; i < whole; i += kLanes) {
    for (size_t lane = 0; lane < kLanes; ++lane) {
      float value = values[i + lane];
      lanes[lane] = value > lanes[lane] ? value : lanes[lane];  // false for a NaN
    }
  }
  float best = kMinusInfinity;
  for (float value : lanes) best = value > best ? value : best;
  for (float value : values.subspan(whole)) best = value > best ? value : best;
  return best;
}

}  // namespace

std::optional<int32_t> GreedyToken(absl::Span<const float> logits, int64_t num_tokens) {
  LATHE_CHECK(num_tokens >= 0 && static_cast<size_t>(num_tokens) <= logits.size())
      << num_tokens << " tokens, " << logits.size() << " logits";
  logits = logits.subspan(0, static_cast<size_t>(num_tokens));
  float best = Largest(logits);
  if (best == kMinusInfinity) return std::nullopt;
  for (size_t id = 0; id < logits.size(); ++id) {
    if (logits[id] == best) return static_cast<int32_t>(id);
  }
  return std::nullopt;
}

}  // namespace lathe
