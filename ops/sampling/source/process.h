// What a request does to its logits before a token is chosen: masks, bias, penalties. The order and
// the formulas are transformers' (generation/logits_process.py), those of frequency and presence
// vLLM's (v1/sample/ops/penalties.py).
#pragma once

#include <cstdint>

#include "ops/sampling/source/real.h"

namespace lathe::sampling {

// Ids outside of the row are ignored everywhere: prompts may hold ids that are never produced.
struct IdList {
  const int32_t* ids = nullptr;
  int32_t count = 0;
};

// Ids with a number each.
struct ValueList {
  const int32_t* ids = nullptr;
  const float* values = nullptr;
  int32_t count = 0;
};

struct Processing {
  IdList allowed = {};  // ascending; empty: all may be chosen
  IdList forbidden = {};
  ValueList biases = {};
  // Ids of the prompt and the output, each once, and how often the output holds it.
  ValueList used = {};
  float repetition_penalty = 1;
  float frequency_penalty = 0;
  float presence_penalty = 0;
};

constexpr void Forbid(const IdList& list, float* scores, int32_t n) {
  for (int32_t i = 0; i < list.count; ++i) {
    if (list.ids[i] >= 0 && list.ids[i] < n) scores[list.ids[i]] = -kInfinity;
  }
}

// `allowed` ascends; an id may stand in it more than once.
constexpr void ForbidAllBut(const IdList& allowed, float* scores, int32_t n) {
  int32_t next = 0;
  for (int32_t id = 0; id < n; ++id) {
    while (next < allowed.count && allowed.ids[next] < id) ++next;
    if (next == allowed.count || allowed.ids[next] != id) scores[id] = -kInfinity;
  }
}

constexpr void Penalize(const Processing& processing, float* scores, int32_t n) {
#pragma STDC FP_CONTRACT OFF
  for (int32_t i = 0; i < processing.used.count; ++i) {
    const int32_t id = processing.used.ids[i];
    const float num_generated = processing.used.values[i];
    if (id < 0 || id >= n) continue;
    float score = scores[id];
    score =
        score < 0 ? score * processing.repetition_penalty : score / processing.repetition_penalty;
    if (num_generated > 0) {
      score -= processing.frequency_penalty * num_generated;
      score -= processing.presence_penalty;
    }
    scores[id] = score;
  }
}

// Copies logits [n] to scores [n] and applies all of the above. Returns the first id whose logit is
// not a number, or -1: then scores hold none either.
constexpr int32_t Process(const Processing& processing, const float* logits, int32_t n,
                          float* scores) {
  bool has_nan = false;
  for (int32_t id = 0; id < n; ++id) {
    scores[id] = logits[id];
    has_nan |= IsNan(logits[id]);
  }
  for (int32_t id = 0; has_nan && id < n; ++id) {
    if (IsNan(logits[id])) return id;
  }
  if (processing.allowed.count > 0) ForbidAllBut(processing.allowed, scores, n);
  Forbid(processing.forbidden, scores, n);
  const ValueList& biases = processing.biases;
  for (int32_t i = 0; i < biases.count; ++i) {
    if (biases.ids[i] >= 0 && biases.ids[i] < n) scores[biases.ids[i]] += biases.values[i];
  }
  Penalize(processing, scores, n);
  return -1;
}

}  // namespace lathe::sampling
