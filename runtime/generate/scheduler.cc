#include "runtime/generate/scheduler.h"

#include <algorithm>

namespace lathe {

std::vector<Piece> PlanStep(absl::Span<const std::unique_ptr<Sequence>> running,
                            int64_t step_rows) {
  int64_t num_decoding =
      std::count_if(running.begin(), running.end(), [](const auto& s) { return s->is_decoding(); });
  int64_t num_blocks = std::max<int64_t>((step_rows - num_decoding) / kPrefillBlock, 1);
  std::vector<Piece> pieces;
  for (const std::unique_ptr<Sequence>& sequence : running) {
    if (sequence->is_decoding()) {
      pieces.push_back({sequence.get(), sequence->num_tokens()});
    } else if (num_blocks > 0) {
      Piece piece = {sequence.get(), sequence->NextEnd(num_blocks)};
      num_blocks -= (piece.end + kPrefillBlock - 1) / kPrefillBlock -
                    sequence->num_computed() / kPrefillBlock;
      pieces.push_back(piece);
    }
  }
  return pieces;
}

}  // namespace lathe
