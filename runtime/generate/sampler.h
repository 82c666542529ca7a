// Chooses the next token from a row of logits.
#pragma once

#include <cstdint>
#include <optional>

#include "absl/types/span.h"

namespace lathe {

// The id below `num_tokens` with the largest logit, the lowest such id on ties. A logit that is not
// a number never wins; none when no logit is above minus infinity. Ids from `num_tokens` on
// (padding of the vocabulary) are never chosen; the logits stay as they are.
std::optional<int32_t> GreedyToken(absl::Span<const float> logits, int64_t num_tokens);

}  // namespace lathe
