#include "runtime/generate/scheduler.h"

#include <algorithm>
#include <utility>

namespace lathe {
namespace {

// That a piece up to `end` takes.
int64_t BlocksTo(const Sequence& sequence, int64_t end) {
  if (end == sequence.num_computed()) return 0;
  return (end + kPrefillBlock - 1) / kPrefillBlock - sequence.num_computed() / kPrefillBlock;
}

// The ends of the prompts' pieces.
class PrefillShares {
 public:
  PrefillShares(absl::Span<const std::unique_ptr<Sequence>> running, int64_t num_blocks)
      : num_left_(num_blocks) {
    for (const std::unique_ptr<Sequence>& sequence : running)
      if (!sequence->is_decoding()) prompts_.push_back({sequence.get(), sequence->num_computed()});
    if (prompts_.empty()) return;
    Prompt& oldest = prompts_[0];
    Give(oldest, (num_blocks + 1) / 2);
    std::vector<Prompt*> others;
    for (size_t i = 1; i < prompts_.size(); ++i) others.push_back(&prompts_[i]);
    std::sort(others.begin(), others.end(), [](const Prompt* a, const Prompt* b) {
      return SortKey(*a->sequence) < SortKey(*b->sequence);
    });
    for (Prompt* other : others) Give(*other, num_left_);
    Give(oldest, BlocksTo(*oldest.sequence, oldest.end) + num_left_);
  }

  int64_t EndOf(const Sequence* sequence) const {
    for (const Prompt& prompt : prompts_)
      if (prompt.sequence == sequence) return prompt.end;
    return sequence->num_computed();
  }

 private:
  struct Prompt {
    const Sequence* sequence;
    int64_t end;
  };

  // Short ones first, then those that came first.
  static std::pair<int64_t, int64_t> SortKey(const Sequence& sequence) {
    return {BlocksTo(sequence, sequence.num_tokens()), sequence.id()};
  }

  // Lets the prompt's piece have `num_blocks` blocks in all.
  void Give(Prompt& prompt, int64_t num_blocks) {
    if (num_blocks <= 0) return;
    const int64_t before = BlocksTo(*prompt.sequence, prompt.end);
    prompt.end = prompt.sequence->NextEnd(num_blocks);
    num_left_ -= BlocksTo(*prompt.sequence, prompt.end) - before;
  }

  std::vector<Prompt> prompts_;  // oldest first
  int64_t num_left_;             // blocks
};

}  // namespace

std::vector<Piece> PlanStep(absl::Span<const std::unique_ptr<Sequence>> running,
                            int64_t step_rows) {
  const int64_t num_decoding =
      std::count_if(running.begin(), running.end(), [](const auto& s) { return s->is_decoding(); });
  const int64_t num_blocks = std::max<int64_t>((step_rows - num_decoding) / kPrefillBlock, 1);
  const PrefillShares shares(running, num_blocks);
  std::vector<Piece> pieces;
  for (const std::unique_ptr<Sequence>& sequence : running) {
    const int64_t end =
        sequence->is_decoding() ? sequence->num_tokens() : shares.EndOf(sequence.get());
    if (end > sequence->num_computed()) pieces.push_back({sequence.get(), end});
  }
  return pieces;
}

}  // namespace lathe
