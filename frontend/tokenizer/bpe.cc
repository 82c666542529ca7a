#include "frontend/tokenizer/bpe.h"

#include <algorithm>
#include <functional>

#include "runtime/base/check.h"

namespace lathe {
namespace {

// Up to this length looking through all ranks beats the heap: the arrays fit a few cache lines.
constexpr size_t kMaxShortPiece = 64;

}  // namespace

void PieceEncoder::Encode(absl::string_view piece, std::vector<int32_t>* ids) {
  uint32_t id = tables_.FindToken(piece, /*is_byte_level=*/true);
  if (id != kNoToken && (tables_.TokenFlags(id) & kWholePiece) != 0) {
    ids->push_back(static_cast<int32_t>(id));
    return;
  }
  EncodeByMerging(piece, ids);
}

void PieceEncoder::EncodeByMerging(absl::string_view piece, std::vector<int32_t>* ids) {
  LATHE_CHECK(piece.size() < UINT32_MAX) << "a piece of " << piece.size() << " bytes";
  tokens_.resize(piece.size());
  merges_.assign(piece.size(), Merge{kNoRank, 0});
  for (size_t i = 0; i < piece.size(); ++i) {
    tokens_[i] = tables_.ByteToken(static_cast<uint8_t>(piece[i]));
  }
  for (size_t i = 0; i + 1 < piece.size(); ++i) {
    merges_[i] = tables_.FindMerge(tokens_[i], tokens_[i + 1]);
  }
  if (piece.size() <= kMaxShortPiece) {
    MergeShort();
  } else {
    MergeLong();
  }
  for (uint32_t token : tokens_) {
    if (token != kNoToken) ids->push_back(static_cast<int32_t>(token));
  }
}

void PieceEncoder::MergeShort() {
  for (;;) {
    auto best = std::min_element(merges_.begin(), merges_.end(),
                                 [](const Merge& a, const Merge& b) { return a.rank < b.rank; });
    if (best == merges_.end() || best->rank == kNoRank) return;
    size_t i = static_cast<size_t>(best - merges_.begin());
    tokens_[i] = best->merged;
    tokens_.erase(tokens_.begin() + static_cast<ptrdiff_t>(i) + 1);
    merges_.erase(merges_.begin() + static_cast<ptrdiff_t>(i) + 1);
    bool has_right = i + 1 < tokens_.size();
    merges_[i] = has_right ? tables_.FindMerge(tokens_[i], tokens_[i + 1]) : Merge{kNoRank, 0};
    if (i > 0) merges_[i - 1] = tables_.FindMerge(tokens_[i - 1], tokens_[i]);
  }
}

uint64_t PieceEncoder::QueueEntry(uint32_t pos) const {
  return uint64_t{merges_[pos].rank} << 32 | pos;
}

void PieceEncoder::UpdateRank(uint32_t pos) {
  merges_[pos] = next_[pos] < tokens_.size() ? tables_.FindMerge(tokens_[pos], tokens_[next_[pos]])
                                             : Merge{kNoRank, 0};
  if (merges_[pos].rank == kNoRank) return;
  queue_.push_back(QueueEntry(pos));
  std::push_heap(queue_.begin(), queue_.end(), std::greater<>());
}

// An entry of the queue is out of date when its position's rank has changed since; a rank belongs
// to one pair only.
void PieceEncoder::MergeLong() {
  auto size = static_cast<uint32_t>(tokens_.size());
  next_.resize(size);
  previous_.resize(size);
  queue_.clear();
  for (uint32_t i = 0; i < size; ++i) {
    next_[i] = i + 1;
    previous_[i] = i == 0 ? size : i - 1;
    if (merges_[i].rank != kNoRank) queue_.push_back(QueueEntry(i));
  }
  std::make_heap(queue_.begin(), queue_.end(), std::greater<>());
  while (!queue_.empty()) {
    std::pop_heap(queue_.begin(), queue_.end(), std::greater<>());
    uint64_t entry = queue_.back();
    queue_.pop_back();
    auto pos = static_cast<uint32_t>(entry);
    if (merges_[pos].rank != static_cast<uint32_t>(entry >> 32)) continue;
    uint32_t right = next_[pos];
    tokens_[pos] = merges_[pos].merged;
    tokens_[right] = kNoToken;
    merges_[right].rank = kNoRank;
    next_[pos] = next_[right];
    if (next_[pos] < size) previous_[next_[pos]] = pos;
    UpdateRank(pos);
    if (previous_[pos] < size) UpdateRank(previous_[pos]);
  }
}

}  // namespace lathe
