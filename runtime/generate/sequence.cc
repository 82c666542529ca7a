#include "runtime/generate/sequence.h"

#include <algorithm>
#include <utility>

#include "runtime/base/check.h"
#include "runtime/base/status_macros.h"
#include "runtime/state/prefix_reuse.h"

namespace lathe {

Sequence::Sequence(int64_t id, Request request, int64_t context, int32_t id_limit)
    : id_(id),
      request_(std::move(request)),
      context_(context),
      id_limit_(id_limit),
      tokens_(request_.prompt),
      sampler_(request_.sampling, request_.stop_ids, request_.prompt) {
  int64_t room = context_ - num_prompt_tokens();
  LATHE_CHECK(num_prompt_tokens() > 0 && room >= 0)
      << num_prompt_tokens() << " tokens in a context of " << context_;
  max_new_tokens_ = std::min(request_.max_new_tokens.value_or(room), room);
  // The last token is never read back, so its keys and values are never computed.
  max_tokens_ = num_prompt_tokens() + std::max<int64_t>(max_new_tokens_ - 1, 0);
  int64_t end = 0;
  for (int64_t piece : request_.pieces) piece_ends_.push_back(end += piece);
  LATHE_CHECK(piece_ends_.empty() || end == num_prompt_tokens()) << "pieces end at " << end;
}

int64_t Sequence::MaxStepRows(int64_t step_rows) const {
  for (int64_t piece : request_.pieces) step_rows = std::max(step_rows, piece);
  return step_rows;
}

int64_t Sequence::NextEnd(int64_t num_blocks) const {
  if (is_decoding()) return num_tokens();
  if (!piece_ends_.empty() && num_computed_ < num_prompt_tokens())
    return *std::upper_bound(piece_ends_.begin(), piece_ends_.end(), num_computed_);
  return std::min(num_tokens(), (num_computed_ / kPrefillBlock + num_blocks) * kPrefillBlock);
}

// The first row of the prompt whose logits are kept; the prompt's length when none is.
int64_t Sequence::FirstKeptRow() const {
  if (request_.keep_prompt_logits) return 0;
  return std::max<int64_t>(num_prompt_tokens() - request_.last_prompt_logits, 0);
}

// The first row of the prompt that must be computed once, whatever others have computed; the
// prompt's length when none must.
int64_t Sequence::FirstNeededRow() const { return request_.computes_prompt ? 0 : FirstKeptRow(); }

int64_t Sequence::NumMissing(const KvCache& cache, size_t index, int64_t step_rows) const {
  const int64_t num_rows = is_decoding() ? 1 : MaxStepRows(step_rows);
  const int64_t num_pages = cache.layout().PagesFor(num_tokens(), num_rows);
  return std::max<int64_t>(num_pages - pages_[index].num_held(), 0) +
         (cache.MustCopyLastPage(pages_[index]) ? 1 : 0);
}

bool Sequence::Admit(absl::Span<KvCache> caches, const Admission& admission) {
  pages_.resize(caches.size());
  const bool is_admitted =
      saved_.empty() ? TakePages(caches, admission) : Restore(caches, admission);
  if (!is_admitted) ReleasePages(caches);
  return is_admitted;
}

bool Sequence::TakePages(absl::Span<KvCache> caches, const Admission& admission) {
  int64_t num_known = num_prompt_tokens() - 1;
  if (admission.parent == nullptr || !Fork(caches, *admission.parent)) {
    int64_t limit = admission.reuses ? num_tokens() - 1 : 0;
    if (FirstNeededRow() < num_prompt_tokens())
      limit = std::min(limit, std::max(num_seen_, FirstNeededRow()));
    num_known = AttachPrefix(caches, absl::MakeSpan(pages_), tokens_, limit);
  }
  for (size_t i = 0; i < caches.size(); ++i) {
    if (NumMissing(caches[i], i, admission.step_rows) + admission.promised[i] >
        caches[i].num_available())
      return false;
  }
  num_computed_ = num_known;
  if (result_.num_preempted == 0) result_.num_reused = num_known;
  return true;
}

bool Sequence::IsForkOf(const Sequence& parent) const {
  return request_.fork_of == parent.id() && result_.num_preempted == 0 &&
         FirstNeededRow() >= num_prompt_tokens() - 1 && request_.prompt == parent.request_.prompt;
}

bool Sequence::CanFork(const Sequence& parent) const {
  return parent.num_computed_ >= num_prompt_tokens() - 1;
}

bool Sequence::Fork(absl::Span<KvCache> caches, const Sequence& parent) {
  const int64_t num_shared = num_prompt_tokens() - 1;
  for (size_t i = 0; i < caches.size(); ++i) {
    if (!caches[i].CanFork(parent.pages_[i], num_shared)) return false;
  }
  for (size_t i = 0; i < caches.size(); ++i)
    caches[i].Fork(pages_[i], parent.pages_[i], num_shared);
  return true;
}

bool Sequence::Restore(absl::Span<KvCache> caches, const Admission& admission) {
  const absl::Span<const int32_t> computed =
      tokens().subspan(0, admission.reuses ? static_cast<size_t>(num_computed_) : 0);
  for (size_t i = 0; i < caches.size(); ++i) {
    const KvGroupLayout& layout = caches[i].layout();
    const int64_t num_saved = layout.NumPages(saved_[i].length) - saved_[i].first_page;
    const int64_t num_more =
        layout.PagesFor(num_tokens(), MaxStepRows(admission.step_rows)) - num_saved;
    const int64_t num_left = admission.promised[i] + std::max<int64_t>(num_more, 0);
    if (!caches[i].Restore(pages_[i], saved_[i], computed, num_left).ok()) return false;
  }
  saved_.clear();
  if (admission.reuses) Index(caches);
  return true;
}

void Sequence::Preempt(absl::Span<KvCache> caches, Preemption how) {
  ++result_.num_preempted;
  if (how == Preemption::kCopyOut && num_computed_ > 0) {
    for (size_t i = 0; i < caches.size(); ++i) {
      // Room for a step that will not be.
      const absl::Status status = caches[i].Truncate(pages_[i], pages_[i].length - num_computed_);
      LATHE_CHECK(status.ok()) << status.message();
      saved_.push_back(caches[i].Save(pages_[i]));
    }
  }
  ReleasePages(caches);
  if (saved_.empty()) num_computed_ = 0;
}

absl::Status Sequence::Grow(absl::Span<KvCache> caches, int64_t end) {
  for (size_t i = 0; i < caches.size(); ++i) {
    caches[i].Recycle(pages_[i], num_computed_);
    LATHE_RETURN_IF_ERROR(caches[i].Extend(pages_[i], end - pages_[i].length));
  }
  return absl::OkStatus();
}

void Sequence::Index(absl::Span<KvCache> caches) {
  const absl::Span<const int32_t> computed =
      tokens().subspan(0, static_cast<size_t>(num_computed_));
  for (size_t i = 0; i < caches.size(); ++i) caches[i].Index(pages_[i], computed);
}

int64_t Sequence::FirstLogitPosition(int64_t end) const {
  // Logits of a prompt that is computed again are kept already.
  const int64_t kept = std::max(FirstNewRow(), FirstKeptRow());
  if (kept < std::min(end, num_prompt_tokens())) return kept;
  bool chooses = end == num_tokens() && max_new_tokens_ > 0;
  return chooses ? end - 1 : end;
}

// Rows before the last are of a prompt whose logits are kept: they choose nothing.
void Sequence::AddSamplingRow(int64_t position, SamplingRows& rows) const {
  if (position + 1 < num_tokens()) return rows.AddGreedy();
  sampler_.AddRow(rows);
}

void Sequence::Advance(int64_t end, absl::Span<const float> logits,
                       absl::Span<const int32_t> next_ids) {
  const bool keeps = std::max(num_seen_, FirstKeptRow()) < num_prompt_tokens();
  const size_t num_rows = next_ids.size();
  LATHE_CHECK(static_cast<int64_t>(num_rows) == end - FirstLogitPosition(end))
      << num_rows << " ids for the rows from " << FirstLogitPosition(end) << " to " << end;
  LATHE_CHECK(num_rows == 0 ? logits.empty() : logits.size() % num_rows == 0 && !logits.empty())
      << logits.size() << " logits for " << num_rows << " rows";
  if (keeps) {
    result_.prompt_logits.insert(result_.prompt_logits.end(), logits.begin(), logits.end());
  }
  num_computed_ = end;
  num_seen_ = std::max(num_seen_, end);
  if (end < num_tokens()) return;
  if (max_new_tokens_ == 0) return Finish(FinishReason::kLength);
  Choose(next_ids.back(), logits.subspan(logits.size() - logits.size() / num_rows));
}

// `logits`: the last row's, [V].
void Sequence::Choose(int32_t next_id, absl::Span<const float> logits) {
  absl::StatusOr<ChosenToken> chosen =
      sampler_.Take(next_id, logits.subspan(0, static_cast<size_t>(id_limit_)));
  if (!chosen.ok()) return Finish(FinishReason::kFailed, chosen.status());
  const int32_t token = chosen->id;
  if (std::find(request_.stop_ids.begin(), request_.stop_ids.end(), token) !=
      request_.stop_ids.end()) {
    result_.stop_id = token;
    Finish(FinishReason::kStopId);
    return;
  }
  tokens_.push_back(token);
  sampler_.Add(token);
  result_.tokens.push_back(token);
  if (chosen->logprobs.has_value()) result_.logprobs.push_back(*std::move(chosen->logprobs));
  if (request_.keep_token_logits) {
    result_.token_logits.insert(result_.token_logits.end(), logits.begin(), logits.end());
  }
  if (request_.on_token) {
    const AfterToken after = request_.on_token(token);
    if (after == AfterToken::kStop) return Finish(FinishReason::kStopped);
    if (after == AfterToken::kCancel) return Finish(FinishReason::kCancelled);
  }
  if (static_cast<int64_t>(result_.tokens.size()) == max_new_tokens_) {
    Finish(request_.max_new_tokens == max_new_tokens_ ? FinishReason::kLength
                                                      : FinishReason::kContext);
  }
}

void Sequence::Finish(FinishReason reason, absl::Status status) {
  if (is_finished_) return;
  is_finished_ = true;
  result_.reason = reason;
  result_.status = std::move(status);
}

void Sequence::ReleasePages(absl::Span<KvCache> caches) {
  for (size_t i = 0; i < pages_.size(); ++i) caches[i].Release(pages_[i]);
}

void Sequence::Release(absl::Span<KvCache> caches) {
  ReleasePages(caches);
  saved_.clear();
}

Result Sequence::TakeResult() {
  LATHE_CHECK(is_finished_) << "sequence " << id_ << " is not finished";
  return std::move(result_);
}

}  // namespace lathe
