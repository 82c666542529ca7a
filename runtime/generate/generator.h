// Generates text for many requests at once: admits, schedules, runs steps, chooses tokens, hands
// out results.
//   LATHE_ASSIGN_OR_RETURN(Generator generator,
//                          Generator::Create(manifest, std::move(runner), {.context = 4096}));
//   LATHE_ASSIGN_OR_RETURN(int64_t id, generator.Submit({.prompt = ids, .stop_ids = {151645}}));
//   LATHE_RETURN_IF_ERROR(generator.RunAll());
//   Result result = *generator.Take(id);
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "runtime/artifact/artifact.pb.h"
#include "runtime/generate/batch.h"
#include "runtime/generate/request.h"
#include "runtime/generate/request_check.h"
#include "runtime/generate/scheduler.h"
#include "runtime/generate/sequence.h"
#include "runtime/generate/step_runner.h"
#include "runtime/state/kv_cache.h"
#include "runtime/state/prefix_snapshot.h"

namespace lathe {

struct GeneratorOptions {
  // Tokens of a sequence, prompt and new ones; none: all that the model was made for.
  std::optional<int64_t> context = std::nullopt;
  // Running at once; more wait.
  int64_t max_sequences = 16;
  // Room of all sequences together; none: max_sequences full contexts.
  std::optional<int64_t> pool_tokens = std::nullopt;
  // Rows that a step aims at (scheduler.h).
  int64_t step_rows = 512;
  // A prompt that begins like what was computed before is computed from there on only, as long as
  // the pages were not needed for others. Nothing but the time depends on it.
  bool reuse_prefixes = true;
  // When the pages do not suffice for all that run.
  Preemption preemption = Preemption::kRecompute;
};

// Since the generator was made, and as it is now.
struct GeneratorStats {
  int64_t num_steps = 0;
  int64_t num_rows = 0;    // computed
  int64_t num_reused = 0;  // tokens that were not computed when a request was first admitted
  int64_t num_preemptions = 0;
  int64_t num_evictions = 0;  // pages forgotten for others, of all groups
  int64_t pages_in_use = 0;
  int64_t pages_cached = 0;  // used by nobody, but remembered
  int64_t pages_free = 0;
};

class Generator {
 public:
  // Errors: InvalidArgument for options that the model cannot serve; those of KvCache::Create.
  static absl::StatusOr<Generator> Create(const artifact::Manifest& manifest,
                                          std::unique_ptr<StepRunner> runner,
                                          const GeneratorOptions& options);

  // Queues a request. Errors: InvalidArgument for an empty prompt, ids that the model does not
  // have, pieces that do not add up, more tokens than the context holds; ResourceExhausted for more
  // pages than the pools have. Nothing is queued then.
  absl::StatusOr<int64_t> Submit(Request request);

  // Admits what fits and runs one step; false when there is nothing to do. Requests are admitted in
  // the order in which they came, each when there are pages for its prompt. Where pages run out
  // later, the youngest that runs gives back its own and is the next to be admitted; the oldest
  // always gets on. An error of the step itself fails the requests that took part and is returned.
  absl::StatusOr<bool> Step();

  // Steps until there is nothing to do.
  absl::Status RunAll();

  // Ends a waiting or running request; the next Step makes its tokens so far its result. May be
  // called from a request's callbacks; unknown and finished ids are ignored.
  void Cancel(int64_t id);

  // The result of a finished request, once.
  std::optional<Result> Take(int64_t id);

  // What the caches still have of the beginning of `tokens`, and the way to put that into the
  // caches of another generator of the same model (runtime/state/prefix_snapshot.h). A prompt that
  // begins with the tokens is then computed from there on only. Errors: those of ImportPages.
  PrefixSnapshot ExportPrefix(absl::Span<const int32_t> tokens);
  absl::Status ImportPrefix(absl::Span<const int32_t> tokens,
                            absl::Span<const KvSnapshotView> groups);

  int64_t context() const { return limits_.context; }
  size_t num_waiting() const { return waiting_.size(); }
  size_t num_running() const { return running_.size(); }
  absl::Span<const KvCache> caches() const { return caches_; }
  GeneratorStats stats() const;

 private:
  Generator(const artifact::Manifest& manifest, std::unique_ptr<StepRunner> runner,
            const GeneratorOptions& options, int64_t context, std::vector<KvCache> caches);
  // The most rows of a sequence in a step, pieces of its own apart.
  int64_t max_step_rows() const { return options_.step_rows + kPrefillBlock; }
  void Admit();
  // The running request that this one is a fork of; null: none.
  const Sequence* ParentOf(const Sequence& sequence) const;
  // Pages that those that run need for their tokens so far and do not hold, [caches].
  std::vector<int64_t> PromisedPages() const;
  // Room for the pieces' rows, oldest first; the youngest are preempted for it, and their pieces
  // are left out.
  std::vector<Piece> MakeRoom(absl::Span<const Piece> pieces);
  void PreemptYoungest();
  absl::Status RunPieces(absl::Span<const Piece> pieces);
  void Deliver(absl::Span<const Piece> pieces);
  void Retire();

  RequestLimits limits_;
  int64_t num_choices_;  // ids that the tokenizer knows
  GeneratorOptions options_;
  std::unique_ptr<StepRunner> runner_;
  std::vector<KvCache> caches_;
  Batch batch_;
  std::deque<std::unique_ptr<Sequence>> waiting_;
  std::vector<std::unique_ptr<Sequence>> running_;  // oldest first; all older than those that wait
  std::map<int64_t, Result> results_;
  int64_t next_id_ = 0;
  GeneratorStats counts_;  // the sums; the rest is the caches'
};

}  // namespace lathe
