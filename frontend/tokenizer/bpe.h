// Byte pair encoding of one piece: merge the neighbours of lowest rank, the leftmost on ties, until
// none merge.
#pragma once

#include <cstdint>
#include <vector>

#include "absl/strings/string_view.h"
#include "frontend/tokenizer/tables.h"

namespace lathe {

// Merges pieces one after the other, keeping its working memory between them. Not for several
// threads at once.
class PieceEncoder {
 public:
  explicit PieceEncoder(const TokenizerTables& tables) : tables_(tables) {}

  // Appends the tokens of `piece`: the token itself where it is known to come out whole, else what
  // merging gives.
  void Encode(absl::string_view piece, std::vector<int32_t>* ids);
  // Appends what merging the bytes of `piece` (below 4 GiB) gives. O(n log n).
  void EncodeByMerging(absl::string_view piece, std::vector<int32_t>* ids);

 private:
  void MergeShort();
  void MergeLong();
  uint64_t QueueEntry(uint32_t pos) const;
  void UpdateRank(uint32_t pos);

  const TokenizerTables& tables_;
  std::vector<uint32_t>
      tokens_;                 // by position; kNoToken where a token was merged into the one before
  std::vector<Merge> merges_;  // of each token with its right neighbour
  std::vector<uint32_t> next_;  // MergeLong: neighbours of each position
  std::vector<uint32_t> previous_;
  std::vector<uint64_t> queue_;  // MergeLong: a heap of rank, position; the smallest on top
};

}  // namespace lathe
