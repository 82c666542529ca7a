// A request on its way through the model: waiting -> admitted -> prefill in pieces -> decode ->
// finished and released; when pages run out it may be preempted, and waits again with the tokens
// that it has. There is one rule for prefill and decode alike: a step computes the tokens
// [num_computed, end) of the sequence, and when that reaches the last token known, its logits
// choose the next one.
#pragma once

#include <algorithm>
#include <cstdint>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/types/span.h"
#include "runtime/generate/request.h"
#include "runtime/generate/sampler.h"
#include "runtime/state/kv_cache.h"

namespace lathe {

// What becomes of the keys and values of a sequence that is preempted.
enum class Preemption {
  kRecompute,  // dropped; computed again, but for what the caches still remember then
  kCopyOut,    // kept in memory of the host
};

// Prefill is cut at multiples of this, counted from the sequence's start: a row's bits then depend
// on its own sequence alone.
inline constexpr int64_t kPrefillBlock = 64;

class Sequence;

// How a sequence is admitted.
struct Admission {
  absl::Span<const int64_t> promised;  // [caches] pages that must be left for others
  int64_t step_rows = 0;
  bool reuses = true;                // what the caches remember
  const Sequence* parent = nullptr;  // of a fork that can begin
};

class Sequence {
 public:
  // Ids from `id_limit` on are never chosen.
  Sequence(int64_t id, Request request, int64_t context, int32_t id_limit);

  int64_t id() const { return id_; }
  int32_t id_limit() const { return id_limit_; }
  const Request& request() const { return request_; }
  int64_t num_prompt_tokens() const { return static_cast<int64_t>(request_.prompt.size()); }
  // Prompt and new tokens.
  absl::Span<const int32_t> tokens() const { return tokens_; }
  int64_t num_tokens() const { return static_cast<int64_t>(tokens_.size()); }
  // Tokens whose keys and values are in the caches.
  int64_t num_computed() const { return num_computed_; }
  int64_t num_preempted() const { return result_.num_preempted; }
  // One row is left to compute: the next step makes a token from it.
  bool is_decoding() const { return num_computed_ + 1 == num_tokens(); }
  // The most tokens that will ever be in the caches.
  int64_t max_tokens() const { return max_tokens_; }
  // The most rows that one step computes, when the scheduler gives at most `step_rows`.
  int64_t MaxStepRows(int64_t step_rows) const;
  // Where the next step ends when it may compute `num_blocks` blocks of kPrefillBlock rows.
  int64_t NextEnd(int64_t num_blocks) const;

  // Takes back the pages that were copied out; shares those of the parent; else takes what the
  // caches remember of its tokens. The last row is always left to compute: its logits choose the
  // next token. False, and nothing is taken, when the pages for all its tokens do not fit.
  bool Admit(absl::Span<KvCache> caches, const Admission& admission);
  // Whether it goes on from the keys and values of `parent`, which runs, rather than its own.
  bool IsForkOf(const Sequence& parent) const;
  // Of a fork: whether the parent has computed all that is shared.
  bool CanFork(const Sequence& parent) const;
  // Pages of a cache that an admitted sequence does not hold yet and needs for its tokens.
  int64_t NumMissing(const KvCache& cache, size_t index, int64_t step_rows) const;
  // Gives back all pages; Admit makes good for it.
  void Preempt(absl::Span<KvCache> caches, Preemption how);
  // Room for the rows [num_computed, end), before the step that computes them; may be called again
  // after ResourceExhausted.
  absl::Status Grow(absl::Span<KvCache> caches, int64_t end);
  // First row of [num_computed, end) that no step has computed before.
  int64_t FirstNewRow() const { return std::max(num_computed_, num_seen_); }
  // The step is done: the logits [R, V] of the R rows that FirstLogitPosition asked for, if any,
  // are kept as asked, and the last row's is the new token where the step makes one: `next_ids` [R]
  // is what the model chose for each.
  void Advance(int64_t end, absl::Span<const float> logits, absl::Span<const int32_t> next_ids);
  // Lets others find the full pages of what is computed.
  void Index(absl::Span<KvCache> caches);
  // First position in [num_computed, end) whose logits are needed; `end` when none is. All
  // positions from there on are.
  int64_t FirstLogitPosition(int64_t end) const;
  // How the row at `position` chooses, when its logits are needed.
  void AddSamplingRow(int64_t position, SamplingRows& rows) const;

  // Ends the sequence; the first end counts.
  void Finish(FinishReason reason, absl::Status status = absl::OkStatus());
  bool is_finished() const { return is_finished_; }
  // Gives back all pages; may be called again.
  void Release(absl::Span<KvCache> caches);
  absl::Span<const PageList> pages() const { return pages_; }
  Result TakeResult();

 private:
  bool TakePages(absl::Span<KvCache> caches, const Admission& admission);
  bool Restore(absl::Span<KvCache> caches, const Admission& admission);
  // False, and nothing is done, when a window has moved on.
  bool Fork(absl::Span<KvCache> caches, const Sequence& parent);
  void ReleasePages(absl::Span<KvCache> caches);
  int64_t FirstKeptRow() const;
  int64_t FirstNeededRow() const;
  void Choose(int32_t next_id, absl::Span<const float> logits);

  int64_t id_;
  Request request_;
  int64_t context_;
  int32_t id_limit_;
  int64_t max_new_tokens_;
  int64_t max_tokens_;
  std::vector<int64_t>
      piece_ends_;  // ascending, the last is the prompt's length; empty without pieces
  std::vector<int32_t> tokens_;
  int64_t num_computed_ = 0;
  int64_t num_seen_ = 0;  // the most that num_computed_ ever was
  Sampler sampler_;
  std::vector<PageList> pages_;
  std::vector<SavedPages> saved_;  // [caches] while copied out, else empty
  bool is_finished_ = false;
  Result result_;
};

}  // namespace lathe
