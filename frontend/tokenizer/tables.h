// The binary form of a tokenizer, used in place: a view of bytes that may be a mapped file. Opening
// checks the checksum and the bounds; it builds nothing. The layout (little endian, no padding) is
// in table_layout.h; table_builder.h writes it.
#pragma once

#include <cstdint>
#include <cstring>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "frontend/tokenizer/table_layout.h"
#include "frontend/tokenizer/tokenizer_spec.h"

namespace lathe {

struct Merge {
  uint32_t rank;
  uint32_t merged;
};
inline constexpr uint32_t kNoRank = UINT32_MAX;
inline constexpr uint32_t kNoToken = UINT32_MAX;

// The added tokens of one group, in the order of their bytes.
class AddedTokenTable {
 public:
  struct Entry {
    absl::string_view content;
    uint32_t id;
    bool special;
    bool strips_left;
    bool strips_right;
  };
  AddedTokenTable() = default;
  AddedTokenTable(const char* entries, const char* first, absl::string_view contents, uint32_t size)
      : entries_(entries), first_(first), contents_(contents), size_(size) {}

  uint32_t size() const { return size_; }
  Entry At(uint32_t index) const;
  absl::string_view ContentAt(uint32_t index) const;
  // The entries whose content begins with `byte` are [FirstWith(byte), FirstWith(byte + 1)).
  uint32_t FirstWith(int byte) const { return LoadU32(first_, static_cast<size_t>(byte)); }
  absl::Status Check(absl::string_view group, uint32_t num_ids) const;

 private:
  const char* entries_ = nullptr;
  const char* first_ = nullptr;
  absl::string_view contents_;
  uint32_t size_ = 0;
};

class TokenizerTables {
 public:
  // DataLoss when the bytes are cut or altered, FailedPrecondition for another format version.
  // `bytes` outlive the tables; they need no alignment.
  static absl::StatusOr<TokenizerTables> Open(absl::string_view bytes);

  absl::string_view bytes() const { return bytes_; }
  uint32_t num_ids() const { return header_.num_ids; }
  SplitRule split_rule() const { return static_cast<SplitRule>(header_.split_rule); }
  NormalizerKind normalizer() const { return static_cast<NormalizerKind>(header_.normalizer); }

  // The bytes and the TokenFlag bits of an id below num_ids().
  absl::string_view TokenBytes(uint32_t id) const;
  uint8_t TokenFlags(uint32_t id) const {
    return static_cast<uint8_t>(bytes_[layout_.token_flags + id]);
  }
  // The token with these bytes that is, or is not, spelt in the byte-level alphabet; kNoToken when
  // there is none.
  uint32_t FindToken(absl::string_view token_bytes, bool is_byte_level) const;
  uint32_t ByteToken(uint8_t byte) const { return LoadU32(At(layout_.byte_tokens), byte); }
  // The rank of merging two neighbours and what they become; kNoRank when they do not merge.
  Merge FindMerge(uint32_t left, uint32_t right) const;

  const AddedTokenTable& raw_added() const { return raw_added_; }
  const AddedTokenTable& normalized_added() const { return normalized_added_; }

  uint32_t num_prefix() const { return header_.num_prefix; }
  uint32_t num_suffix() const { return header_.num_suffix; }
  uint32_t PrefixToken(uint32_t index) const { return LoadU32(At(layout_.prefix), index); }
  uint32_t SuffixToken(uint32_t index) const { return LoadU32(At(layout_.suffix), index); }

 private:
  TokenizerTables(absl::string_view bytes, const TableHeader& header);
  const char* At(uint64_t offset) const { return bytes_.data() + offset; }
  absl::Status CheckContents() const;

  absl::string_view bytes_;
  TableHeader header_;
  TableLayout layout_;
  AddedTokenTable raw_added_;
  AddedTokenTable normalized_added_;
};

}  // namespace lathe
