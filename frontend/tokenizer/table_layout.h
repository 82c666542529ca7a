// The layout of tokenizer tables: a header, then sections whose places follow from the header's
// counts. Integers are little endian.
//
//   header
//   u32 byte_tokens[256]                       token of each single byte
//   u32 token_offsets[num_ids + 1]             token i is token_bytes[offsets[i], offsets[i+1])
//   MergeSlot merge_slots[num_merge_slots]     open addressing by MergeHash, at most kMaxProbes
//   from home TokenSlot token_slots[num_token_slots]     open addressing by TokenHash, likewise
//   AddedSlot raw_added[], normalized_added[]  sorted by content
//   u32 raw_first[257], normalized_first[257]  index of the first entry that begins with this byte
//   or a greater one u32 prefix[], suffix[]                     ids around each text u8
//   token_flags[num_ids], token_bytes[], added_bytes[]
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>

#include "absl/strings/string_view.h"
#include "runtime/base/hash.h"

namespace lathe {

static_assert(std::endian::native == std::endian::little, "tables are mapped as they are");

inline constexpr char kTableMagic[8] = {'L', 'A', 'T', 'H', 'E', 'T', 'O', 'K'};
inline constexpr uint32_t kTableVersion = 1;
// The builder makes hash tables larger until no entry lies further from its home; readers look no
// further.
inline constexpr uint32_t kMaxProbes = 128;
inline constexpr uint32_t kMaxTokenIds = 1u << 24;
// Searching added tokens costs at most their length at each place of a text.
inline constexpr uint32_t kMaxAddedTokenBytes = 1024;

struct TableHeader {
  char magic[8];
  uint64_t checksum;  // Hash64 of all bytes behind this field
  uint64_t total_bytes;
  uint32_t version;
  uint32_t split_rule;
  uint32_t normalizer;
  uint32_t num_ids;
  uint32_t num_merge_slots;
  uint32_t num_token_slots;
  uint32_t num_raw_added;
  uint32_t num_normalized_added;
  uint32_t num_prefix;
  uint32_t num_suffix;
  uint32_t token_bytes;
  uint32_t added_bytes;
};
static_assert(sizeof(TableHeader) == 72);
inline constexpr size_t kChecksummedFrom = 16;

struct MergeSlot {
  uint32_t left;  // UINT32_MAX: free
  uint32_t right;
  uint32_t rank;
  uint32_t merged;
};
struct TokenSlot {
  uint32_t fingerprint;  // the low half of the hash
  uint32_t id;           // UINT32_MAX: free
};
struct AddedSlot {
  uint32_t offset;  // into added_bytes
  uint32_t length;
  uint32_t id;
  uint32_t flags;  // AddedFlag
};
enum AddedFlag : uint32_t { kAddedSpecial = 1, kAddedStripsLeft = 2, kAddedStripsRight = 4 };

inline uint32_t LoadU32(const char* array, size_t index) {
  uint32_t value;
  std::memcpy(&value, array + index * sizeof(value), sizeof(value));
  return value;
}

// The finaliser of MurmurHash3 (fmix64): every input bit reaches every output bit.
inline uint32_t MergeHash(uint32_t left, uint32_t right) {
  uint64_t x = uint64_t{left} << 32 | right;
  x = (x ^ (x >> 33)) * 0xff51afd7ed558ccdu;
  x = (x ^ (x >> 33)) * 0xc4ceb9fe1a85ec53u;
  return static_cast<uint32_t>(x >> 32);
}
// Tokens that are spelt as they are live apart from those in the byte-level alphabet: the same
// bytes may stand for both.
inline uint64_t TokenHash(absl::string_view bytes, bool is_byte_level) {
  return Hash64(bytes) ^ (is_byte_level ? 0 : 0x9e3779b97f4a7c15u);
}
// Scales a hash to [0, num_slots) without a division.
inline uint32_t HomeSlot(uint32_t hash, uint32_t num_slots) {
  return static_cast<uint32_t>(uint64_t{hash} * num_slots >> 32);
}

// Where each section begins. Sums of 32-bit counts times at most 16 bytes: no overflow.
struct TableLayout {
  uint64_t byte_tokens;
  uint64_t token_offsets;
  uint64_t merge_slots;
  uint64_t token_slots;
  uint64_t raw_added;
  uint64_t normalized_added;
  uint64_t raw_first;
  uint64_t normalized_first;
  uint64_t prefix;
  uint64_t suffix;
  uint64_t token_flags;
  uint64_t token_bytes;
  uint64_t added_bytes;
  uint64_t total_bytes;

  explicit TableLayout(const TableHeader& header) {
    uint64_t end = sizeof(TableHeader);
    auto take = [&end](uint64_t count, uint64_t element_bytes) {
      uint64_t begin = end;
      end += count * element_bytes;
      return begin;
    };
    byte_tokens = take(256, 4);
    token_offsets = take(uint64_t{header.num_ids} + 1, 4);
    merge_slots = take(header.num_merge_slots, sizeof(MergeSlot));
    token_slots = take(header.num_token_slots, sizeof(TokenSlot));
    raw_added = take(header.num_raw_added, sizeof(AddedSlot));
    normalized_added = take(header.num_normalized_added, sizeof(AddedSlot));
    raw_first = take(257, 4);
    normalized_first = take(257, 4);
    prefix = take(header.num_prefix, 4);
    suffix = take(header.num_suffix, 4);
    token_flags = take(header.num_ids, 1);
    token_bytes = take(header.token_bytes, 1);
    added_bytes = take(header.added_bytes, 1);
    total_bytes = end;
  }
};

}  // namespace lathe
