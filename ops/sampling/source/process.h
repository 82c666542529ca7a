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

struct Bias {
  int32_t id;
  float value;
};

// An id of the prompt or the output; each stands in a list once.
struct UsedId {
  int32_t id;
  int32_t num_generated;  // in the output; 0: in the prompt alone
};

// Of a request, the same for all of its tokens.
struct Processing {
  bool has_allowed = false;  // then only ids of `allowed` may be chosen
  IdList allowed = {};       // ascending
  IdList forbidden = {};
  IdList stops = {};  // forbidden as long as the text may not end
  const Bias* biases = nullptr;
  int32_t num_biases = 0;
  float repetition_penalty = 1;
  float frequency_penalty = 0;
  float presence_penalty = 0;
};

// Of one token.
struct History {
  const UsedId* used = nullptr;
  int32_t num_used = 0;
  bool may_stop = true;
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

constexpr void Penalize(const Processing& processing, const History& history, float* scores,
                        int32_t n) {
#pragma STDC FP_CONTRACT OFF
  for (int32_t i = 0; i < history.num_used; ++i) {
    const UsedId& used = history.used[i];
    if (used.id < 0 || used.id >= n) continue;
    float score = scores[used.id];
    score =
        score < 0 ? score * processing.repetition_penalty : score / processing.repetition_penalty;
    if (used.num_generated > 0) {
      score -= processing.frequency_penalty * static_cast<float>(used.num_generated);
      score -= processing.presence_penalty;
    }
    scores[used.id] = score;
  }
}

// Copies logits [n] to scores [n] and applies all of the above. Returns the first id whose logit is
// not a number, or -1: then scores hold none either.
constexpr int32_t Process(const Processing& processing, const History& history, const float* logits,
                          int32_t n, float* scores) {
  bool has_nan = false;
  for (int32_t id = 0; id < n; ++id) {
    scores[id] = logits[id];
    has_nan |= IsNan(logits[id]);
  }
  for (int32_t id = 0; has_nan && id < n; ++id) {
    if (IsNan(logits[id])) return id;
  }
  if (processing.has_allowed) ForbidAllBut(processing.allowed, scores, n);
  Forbid(processing.forbidden, scores, n);
  if (!history.may_stop) Forbid(processing.stops, scores, n);
  for (int32_t i = 0; i < processing.num_biases; ++i) {
    const Bias& bias = processing.biases[i];
    if (bias.id >= 0 && bias.id < n) scores[bias.id] += bias.value;
  }
  Penalize(processing, history, scores, n);
  return -1;
}

}  // namespace lathe::sampling
