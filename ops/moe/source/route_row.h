// Which experts a row visits, and with what weights: the router of mixture-of-experts layers in
// plain C++, for the reference and for kernels of any device. Formulas: Qwen3-MoE's softmax router
// (transformers 5.23 models/qwen3_moe/modeling_qwen3_moe.py) and Step-3.5's sigmoid router with a
// bias that only selects (vLLM models/step3p5.py).
//   RouteRow({.num_experts = 128, .top_k = 8, .normalize = true}, scores, nullptr, probabilities,
//            experts, weights);
#pragma once

#include <cstdint>

#include "ops/sampling/source/real.h"
#include "ops/sampling/source/select.h"

namespace lathe::moe {

enum class Score { kSoftmax, kSigmoid };

struct Routing {
  int32_t num_experts = 0;
  int32_t top_k = 0;  // 1 to num_experts
  Score score = Score::kSoftmax;
  bool normalize = false;  // weights are divided by their sum
  float scale = 1;         // then multiplied by this
};

// Added to the sum that weights are divided by, as the references of sigmoid routers do: it matters
// only where every chosen probability has underflowed.
inline constexpr float kLeastSum = 1e-20f;

constexpr float SigmoidOf(float score) {
#pragma STDC FP_CONTRACT OFF
  const double power = sampling::Exp(score < 0 ? score : -score);  // of -|score|: no overflow
  return static_cast<float>((score < 0 ? power : 1) / (1 + power));
}

// Of all experts. Where a score is no number, it has none under sigmoid, and no expert has one
// under softmax.
constexpr void Probabilities(const Routing& routing, const float* scores, float* probabilities) {
#pragma STDC FP_CONTRACT OFF
  const int32_t n = routing.num_experts;
  if (routing.score == Score::kSigmoid) {
    for (int32_t e = 0; e < n; ++e)
      probabilities[e] = sampling::IsNan(scores[e]) ? scores[e] : SigmoidOf(scores[e]);
    return;
  }
  float best = -sampling::kInfinity;
  for (int32_t e = 0; e < n; ++e) best = scores[e] > best ? scores[e] : best;
  double sum = 0;
  float nan = 0;  // a score that is no number, if there is one
  for (int32_t e = 0; e < n; ++e) {
    const double power = sampling::Exp(static_cast<double>(scores[e]) - static_cast<double>(best));
    probabilities[e] = scores[e] == best ? 1 : static_cast<float>(power);
    sum += static_cast<double>(probabilities[e]);
    nan = sampling::IsNan(scores[e]) ? scores[e] : nan;
  }
  for (int32_t e = 0; e < n; ++e)
    probabilities[e] = static_cast<float>(static_cast<double>(probabilities[e]) / sum) + nan;
}

// Orders experts by what they are chosen by, the lowest of equals first; what is no number comes
// last. No two keys are equal.
constexpr uint64_t ChoiceKey(float value, int32_t expert) {
  const uint32_t order = sampling::IsNan(value) ? 0 : sampling::OrderKey(value);
  return static_cast<uint64_t>(order) << 32 | ~static_cast<uint32_t>(expert);
}

// Writes the chosen `experts` [top_k], the likeliest first, and their `weights` [top_k]. They are
// chosen by their scores, or where there is a `bias` [num_experts] by probability plus bias, which
// does not change the weights. `probabilities` [num_experts] is room to work in.
constexpr void RouteRow(const Routing& routing, const float* scores, const float* bias,
                        float* probabilities, int32_t* experts, float* weights) {
#pragma STDC FP_CONTRACT OFF
  Probabilities(routing, scores, probabilities);
  uint64_t last = ~uint64_t{0};
  float sum = 0;
  for (int32_t j = 0; j < routing.top_k; ++j) {
    uint64_t best = 0;
    for (int32_t e = 0; e < routing.num_experts; ++e) {
      const float value = bias != nullptr ? probabilities[e] + bias[e] : scores[e];
      const uint64_t key = ChoiceKey(value, e);
      best = key < last && key > best ? key : best;
    }
    last = best;
    experts[j] = static_cast<int32_t>(~static_cast<uint32_t>(best));
    weights[j] = probabilities[experts[j]];
    sum += weights[j];
  }
  for (int32_t j = 0; j < routing.top_k; ++j) {
    if (routing.normalize) weights[j] /= sum + kLeastSum;
    weights[j] *= routing.scale;
  }
}

}  // namespace lathe::moe
