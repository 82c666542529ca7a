// Decides what the next step computes: every decoding sequence gets its row, prefill gets what is
// left of the step's rows.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "absl/types/span.h"
#include "runtime/generate/sequence.h"

namespace lathe {

// Tokens [sequence->num_computed(), end) of a sequence.
struct Piece {
  Sequence* sequence;
  int64_t end;

  int64_t num_rows() const { return end - sequence->num_computed(); }
};

// `running`: admitted and not finished, oldest first; so are the pieces. A step aims at `step_rows`
// rows: one for each sequence that has one left (decoding, or a fork), the rest in whole blocks of
// kPrefillBlock, at least one, for the prompts. The oldest prompt gets half of these blocks,
// rounded up, so that it gets on with each step and none starves; the others share what is left,
// those with the fewest blocks to go first, so that a short prompt need not wait for long ones;
// what they leave is the oldest's too. Prompts with pieces of their own are cut by these alone.
std::vector<Piece> PlanStep(absl::Span<const std::unique_ptr<Sequence>> running, int64_t step_rows);

}  // namespace lathe
