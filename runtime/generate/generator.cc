#include "runtime/generate/generator.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "absl/strings/str_cat.h"
#include "runtime/base/check.h"
#include "runtime/base/status_macros.h"
#include "runtime/generate/memory_plan.h"

namespace lathe {
namespace {

absl::Status CheckOption(absl::string_view name, int64_t value, int64_t most) {
  if (value >= 1 && value <= most) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat(name, " is ", value, ", expected 1 to ", most));
}

// Bounds that keep row numbers and page counts far inside their types.
absl::Status CheckOptions(const GeneratorOptions& options) {
  LATHE_RETURN_IF_ERROR(CheckOption("max_sequences", options.max_sequences, 1 << 16));
  LATHE_RETURN_IF_ERROR(CheckOption("step_rows", options.step_rows, 1 << 20));
  return CheckOption("pool_tokens", options.pool_tokens.value_or(1), int64_t{1} << 40);
}

absl::Status CheckManifest(const artifact::Manifest& manifest) {
  constexpr int64_t kMost = std::numeric_limits<int32_t>::max();
  LATHE_RETURN_IF_ERROR(CheckOption("vocab_size of the manifest", manifest.vocab_size(), kMost));
  LATHE_RETURN_IF_ERROR(
      CheckOption("tokenizer_size of the manifest", manifest.tokenizer_size(), kMost));
  return CheckOption("max_context of the manifest", manifest.max_context(), kMost);
}

}  // namespace

Generator::Generator(const artifact::Manifest& manifest, std::unique_ptr<StepRunner> runner,
                     const GeneratorOptions& options, int64_t context, std::vector<KvCache> caches)
    : limits_{.vocab_size = manifest.vocab_size(),
              .context = context,
              .max_context = manifest.max_context(),
              .is_greedy = !runner->HeedsSettings()},
      num_choices_(std::min(manifest.tokenizer_size(), manifest.vocab_size())),
      options_(options),
      runner_(std::move(runner)),
      caches_(std::move(caches)),
      batch_(caches_.size()) {}

absl::StatusOr<Generator> Generator::Create(const artifact::Manifest& manifest,
                                            std::unique_ptr<StepRunner> runner,
                                            const GeneratorOptions& options) {
  LATHE_CHECK(runner != nullptr);
  LATHE_RETURN_IF_ERROR(CheckOptions(options));
  LATHE_RETURN_IF_ERROR(CheckManifest(manifest));
  int64_t context = options.context.value_or(manifest.max_context());
  if (context < 1 || context > manifest.max_context()) {
    return absl::InvalidArgumentError(
        absl::StrCat("--context is ", context, ", but the model was made for at most ",
                     manifest.max_context(), " tokens and at least 1"));
  }
  const PoolSize size = {.context = context,
                         .sequences = options.max_sequences,
                         .pool_tokens = options.pool_tokens,
                         .step_rows = options.step_rows};
  std::vector<KvCache> caches;
  for (const artifact::KvCacheGroup& group : manifest.kv_groups()) {
    LATHE_ASSIGN_OR_RETURN(KvGroupLayout layout, KvGroupLayout::FromManifest(group));
    LATHE_ASSIGN_OR_RETURN(KvCache cache, KvCache::Create(group, PoolPages(layout, size)));
    caches.push_back(std::move(cache));
  }
  return Generator(manifest, std::move(runner), options, context, std::move(caches));
}

absl::StatusOr<int64_t> Generator::Submit(Request request) {
  LATHE_RETURN_IF_ERROR(CheckRequest(request, limits_));
  const int64_t limit = request.allow_padding_ids ? limits_.vocab_size : num_choices_;
  auto sequence = std::make_unique<Sequence>(next_id_, std::move(request), limits_.context,
                                             static_cast<int32_t>(limit));
  for (const KvCache& cache : caches_) {
    int64_t needed =
        cache.layout().PagesFor(sequence->max_tokens(), sequence->MaxStepRows(max_step_rows()));
    if (needed <= cache.pool().num_pages()) continue;
    return absl::ResourceExhaustedError(absl::StrCat(
        "cache group ", cache.layout().name, ": the request needs ", needed, " pages of ",
        cache.layout().page_tokens, " tokens (", sequence->num_prompt_tokens(),
        " of the prompt and room for the new ones), but the pool has ", cache.pool().num_pages(),
        "; lower --max-new-tokens or raise --context"));
  }
  waiting_.push_back(std::move(sequence));
  return next_id_++;
}

std::vector<int64_t> Generator::PromisedPages() const {
  std::vector<int64_t> promised(caches_.size(), 0);
  for (size_t i = 0; i < caches_.size(); ++i) {
    for (const std::unique_ptr<Sequence>& sequence : running_)
      promised[i] += sequence->NumMissing(caches_[i], i, max_step_rows());
  }
  return promised;
}

const Sequence* Generator::ParentOf(const Sequence& sequence) const {
  for (const std::unique_ptr<Sequence>& other : running_) {
    if (sequence.IsForkOf(*other)) return other.get();
  }
  return nullptr;
}

// First come, first served: a large request at the head is not overtaken, so that it cannot starve;
// nor is a fork whose parent still reads the prompt.
void Generator::Admit() {
  while (!waiting_.empty() && static_cast<int64_t>(running_.size()) < options_.max_sequences) {
    Sequence& next = *waiting_.front();
    const Sequence* parent = ParentOf(next);
    if (parent != nullptr && !next.CanFork(*parent)) return;
    const std::vector<int64_t> promised = PromisedPages();
    if (!next.Admit(absl::MakeSpan(caches_), {.promised = promised,
                                              .step_rows = max_step_rows(),
                                              .reuses = options_.reuse_prefixes,
                                              .parent = parent}))
      return;
    if (next.num_preempted() == 0) counts_.num_reused += next.num_computed();
    running_.push_back(std::move(waiting_.front()));
    waiting_.pop_front();
  }
}

// The oldest is never preempted for others, and alone it fits (Submit): so it gets on with each
// step, and all come to be the oldest.
std::vector<Piece> Generator::MakeRoom(absl::Span<const Piece> pieces) {
  std::vector<Piece> fitting;
  for (const Piece& piece : pieces) {
    if (piece.sequence->id() > running_.back()->id()) break;  // preempted, as all that follow
    while (!piece.sequence->Grow(absl::MakeSpan(caches_), piece.end).ok()) {
      const bool was_youngest = running_.back().get() == piece.sequence;
      LATHE_CHECK(running_.size() > 1) << "a request that fits the empty pools got no pages";
      PreemptYoungest();
      if (was_youngest) return fitting;
    }
    fitting.push_back(piece);
  }
  return fitting;
}

void Generator::PreemptYoungest() {
  ++counts_.num_preemptions;
  running_.back()->Preempt(absl::MakeSpan(caches_), options_.preemption);
  waiting_.push_front(std::move(running_.back()));
  running_.pop_back();
}

absl::StatusOr<bool> Generator::Step() {
  Retire();
  Admit();
  if (running_.empty()) {
    LATHE_CHECK(waiting_.empty()) << "a request that fits the empty pools was not admitted";
    return false;
  }
  const std::vector<Piece> pieces = MakeRoom(PlanStep(running_, options_.step_rows));
  absl::Status status = RunPieces(pieces);
  if (status.ok()) {
    Deliver(pieces);
  } else {
    for (const Piece& piece : pieces) piece.sequence->Finish(FinishReason::kFailed, status);
  }
  Retire();
  if (!status.ok()) return status;
  return true;
}

absl::Status Generator::RunPieces(absl::Span<const Piece> pieces) {
  batch_.Build(pieces);
  StepInput input = batch_.input();
  LATHE_RETURN_IF_ERROR(runner_->Run(input, caches_));
  ++counts_.num_steps;
  counts_.num_rows += static_cast<int64_t>(input.tokens.size());
  size_t expected = input.logit_rows.size() * static_cast<size_t>(limits_.vocab_size);
  if (runner_->Output("logits").size() != expected) {
    return absl::InternalError(absl::StrCat("the step gave ", runner_->Output("logits").size(),
                                            " logits, expected ", expected));
  }
  if (runner_->NextIds().size() != input.logit_rows.size()) {
    return absl::InternalError(absl::StrCat("the step gave ", runner_->NextIds().size(),
                                            " ids for ", input.logit_rows.size(),
                                            " rows of logits"));
  }
  return absl::OkStatus();
}

void Generator::Deliver(absl::Span<const Piece> pieces) {
  absl::Span<const float> logits = runner_->Output("logits");  // [R, V]
  absl::Span<const int32_t> next_ids = runner_->NextIds();     // [R]
  for (size_t i = 0; i < pieces.size(); ++i) {
    Sequence& sequence = *pieces[i].sequence;
    if (sequence.is_finished()) continue;  // cancelled by the callback of another
    const int64_t first_new = sequence.FirstNewRow();
    if (sequence.request().on_step && first_new < pieces[i].end) {
      sequence.request().on_step(
          {.first_row = batch_.first_row(i) + first_new - sequence.num_computed(),
           .num_rows = pieces[i].end - first_new,
           .first_position = first_new,
           .step_rows = batch_.first_row(pieces.size()),
           .runner = *runner_,
           .caches = caches_,
           .pages = sequence.pages()});
      if (sequence.is_finished()) continue;
    }
    const auto first = static_cast<size_t>(batch_.first_logit_row(i));
    const size_t count = static_cast<size_t>(batch_.first_logit_row(i + 1)) - first;
    const auto width = static_cast<size_t>(limits_.vocab_size);
    sequence.Advance(pieces[i].end, logits.subspan(first * width, count * width),
                     next_ids.subspan(first, count));
    if (options_.reuse_prefixes) sequence.Index(absl::MakeSpan(caches_));
  }
}

void Generator::Retire() {
  auto retire = [this](std::unique_ptr<Sequence>& sequence) {
    if (!sequence->is_finished()) return false;
    sequence->Release(absl::MakeSpan(caches_));
    results_.emplace(sequence->id(), sequence->TakeResult());
    return true;
  };
  running_.erase(std::remove_if(running_.begin(), running_.end(), retire), running_.end());
  waiting_.erase(std::remove_if(waiting_.begin(), waiting_.end(), retire), waiting_.end());
}

absl::Status Generator::RunAll() {
  while (true) {
    LATHE_ASSIGN_OR_RETURN(bool has_more, Step());
    if (!has_more) return absl::OkStatus();
  }
}

void Generator::Cancel(int64_t id) {
  for (const std::unique_ptr<Sequence>& sequence : running_) {
    if (sequence->id() == id) sequence->Finish(FinishReason::kCancelled);
  }
  for (const std::unique_ptr<Sequence>& sequence : waiting_) {
    if (sequence->id() == id) sequence->Finish(FinishReason::kCancelled);
  }
}

GeneratorStats Generator::stats() const {
  GeneratorStats stats = counts_;
  for (const KvCache& cache : caches_) {
    stats.num_evictions += cache.prefix_cache().num_evicted();
    stats.pages_in_use += cache.pool().num_pages() - cache.num_available();
    stats.pages_cached += cache.prefix_cache().num_idle();
    stats.pages_free += cache.pool().num_free();
  }
  return stats;
}

std::optional<Result> Generator::Take(int64_t id) {
  auto found = results_.find(id);
  if (found == results_.end()) return std::nullopt;
  Result result = std::move(found->second);
  results_.erase(found);
  return result;
}

PrefixSnapshot Generator::ExportPrefix(absl::Span<const int32_t> tokens) {
  return lathe::ExportPrefix(absl::MakeSpan(caches_), tokens);
}

absl::Status Generator::ImportPrefix(absl::Span<const int32_t> tokens,
                                     absl::Span<const KvSnapshotView> groups) {
  return lathe::ImportPrefix(tokens, groups, absl::MakeSpan(caches_));
}

}  // namespace lathe
