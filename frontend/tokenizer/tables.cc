#include "frontend/tokenizer/tables.h"

#include "runtime/base/status_macros.h"

namespace lathe {
namespace {

template <typename T>
T Load(const char* array, size_t index) {
  T value;
  std::memcpy(&value, array + index * sizeof(T), sizeof(T));
  return value;
}

template <typename... Args>
absl::Status Damaged(const Args&... what) {
  return absl::DataLossError(absl::StrCat("tokenizer tables: ", what...,
                                          "; compile the model again or fetch the file again"));
}

absl::Status CheckHeader(const TableHeader& header, absl::string_view bytes) {
  if (header.total_bytes != bytes.size()) {
    return Damaged(bytes.size(), " bytes, expected ", header.total_bytes, " by their header");
  }
  uint64_t checksum = Hash64(bytes.substr(kChecksummedFrom));
  if (checksum != header.checksum) return Damaged("checksum does not match: altered bytes");
  if (header.split_rule < 1 || header.split_rule > 3) {
    return Damaged("split rule ", header.split_rule, ", expected 1 to 3");
  }
  if (header.normalizer < 1 || header.normalizer > 2) {
    return Damaged("normaliser ", header.normalizer, ", expected 1 or 2");
  }
  if (header.num_ids == 0 || header.num_ids > kMaxTokenIds) {
    return Damaged(header.num_ids, " ids, expected 1 to ", kMaxTokenIds);
  }
  if (uint64_t expected = TableLayout(header).total_bytes; expected != bytes.size()) {
    return Damaged(bytes.size(), " bytes, expected ", expected, " by their counts");
  }
  return absl::OkStatus();
}

}  // namespace

absl::string_view AddedTokenTable::ContentAt(uint32_t index) const {
  auto slot = Load<AddedSlot>(entries_, index);
  return contents_.substr(slot.offset, slot.length);
}

AddedTokenTable::Entry AddedTokenTable::At(uint32_t index) const {
  auto slot = Load<AddedSlot>(entries_, index);
  return {contents_.substr(slot.offset, slot.length), slot.id, (slot.flags & kAddedSpecial) != 0,
          (slot.flags & kAddedStripsLeft) != 0, (slot.flags & kAddedStripsRight) != 0};
}

absl::Status AddedTokenTable::Check(absl::string_view group, uint32_t num_ids) const {
  for (uint32_t i = 0; i < size_; ++i) {
    auto slot = Load<AddedSlot>(entries_, i);
    if (slot.length == 0 || slot.length > kMaxAddedTokenBytes ||
        uint64_t{slot.offset} + slot.length > contents_.size() || slot.id >= num_ids) {
      return Damaged(group, " added token ", i, " lies outside its section");
    }
    if (i > 0 && ContentAt(i - 1) >= ContentAt(i)) {
      return Damaged(group, " added token ", i, " is out of order");
    }
  }
  uint32_t expected = 0;
  for (int byte = 0; byte <= 256; ++byte) {
    while (expected < size_ && static_cast<uint8_t>(ContentAt(expected)[0]) < byte) ++expected;
    if (FirstWith(byte) != expected) return Damaged(group, " added tokens: index of byte ", byte);
  }
  return absl::OkStatus();
}

TokenizerTables::TokenizerTables(absl::string_view bytes, const TableHeader& header)
    : bytes_(bytes), header_(header), layout_(header) {
  absl::string_view added = bytes.substr(layout_.added_bytes, header.added_bytes);
  raw_added_ =
      AddedTokenTable(At(layout_.raw_added), At(layout_.raw_first), added, header.num_raw_added);
  normalized_added_ = AddedTokenTable(At(layout_.normalized_added), At(layout_.normalized_first),
                                      added, header.num_normalized_added);
}

absl::StatusOr<TokenizerTables> TokenizerTables::Open(absl::string_view bytes) {
  if (bytes.size() < sizeof(TableHeader)) {
    return Damaged(bytes.size(), " bytes, expected at least ", sizeof(TableHeader));
  }
  auto header = Load<TableHeader>(bytes.data(), 0);
  if (std::memcmp(header.magic, kTableMagic, sizeof(kTableMagic)) != 0) {
    return Damaged("do not begin with LATHETOK");
  }
  if (header.version != kTableVersion) {
    return absl::FailedPreconditionError(
        absl::StrCat("tokenizer tables: format version ", header.version,
                     ", this program reads version ", kTableVersion, "; compile the model again"));
  }
  LATHE_RETURN_IF_ERROR(CheckHeader(header, bytes));
  TokenizerTables tables(bytes, header);
  LATHE_RETURN_IF_ERROR(tables.CheckContents());
  return tables;
}

// What FindToken and FindMerge read from slots is compared with num_ids there: checking all slots
// here would touch every page.
absl::Status TokenizerTables::CheckContents() const {
  const char* offsets = At(layout_.token_offsets);
  uint32_t last = 0;
  bool ascending = LoadU32(offsets, 0) == 0;
  for (uint32_t i = 1; i <= header_.num_ids; ++i) {
    uint32_t offset = LoadU32(offsets, i);
    ascending &= offset >= last;
    last = offset;
  }
  if (!ascending || last != header_.token_bytes) return Damaged("token offsets are out of order");
  for (int byte = 0; byte < 256; ++byte) {
    if (ByteToken(static_cast<uint8_t>(byte)) >= num_ids()) {
      return Damaged("the token of byte ", byte, " is no id");
    }
  }
  for (uint32_t i = 0; i < num_prefix(); ++i) {
    if (PrefixToken(i) >= num_ids()) return Damaged("prefix token ", i, " is no id");
  }
  for (uint32_t i = 0; i < num_suffix(); ++i) {
    if (SuffixToken(i) >= num_ids()) return Damaged("suffix token ", i, " is no id");
  }
  LATHE_RETURN_IF_ERROR(raw_added_.Check("raw", num_ids()));
  return normalized_added_.Check("normalized", num_ids());
}

absl::string_view TokenizerTables::TokenBytes(uint32_t id) const {
  uint32_t begin = LoadU32(At(layout_.token_offsets), id);
  uint32_t end = LoadU32(At(layout_.token_offsets), size_t{id} + 1);
  return {At(layout_.token_bytes) + begin, end - begin};
}

uint32_t TokenizerTables::FindToken(absl::string_view token_bytes, bool is_byte_level) const {
  if (header_.num_token_slots == 0) return kNoToken;
  uint64_t hash = TokenHash(token_bytes, is_byte_level);
  uint32_t index = HomeSlot(static_cast<uint32_t>(hash >> 32), header_.num_token_slots);
  for (uint32_t probe = 0; probe < kMaxProbes; ++probe) {
    auto slot = Load<TokenSlot>(At(layout_.token_slots), index);
    if (slot.id >= num_ids()) return kNoToken;
    if (slot.fingerprint == static_cast<uint32_t>(hash) && TokenBytes(slot.id) == token_bytes &&
        ((TokenFlags(slot.id) & kByteLevelToken) != 0) == is_byte_level) {
      return slot.id;
    }
    if (++index == header_.num_token_slots) index = 0;
  }
  return kNoToken;
}

Merge TokenizerTables::FindMerge(uint32_t left, uint32_t right) const {
  if (header_.num_merge_slots == 0) return {kNoRank, 0};
  uint32_t index = HomeSlot(MergeHash(left, right), header_.num_merge_slots);
  for (uint32_t probe = 0; probe < kMaxProbes; ++probe) {
    auto slot = Load<MergeSlot>(At(layout_.merge_slots), index);
    if (slot.left == left && slot.right == right) {
      return slot.merged < num_ids() ? Merge{slot.rank, slot.merged} : Merge{kNoRank, 0};
    }
    if (slot.left == UINT32_MAX) break;
    if (++index == header_.num_merge_slots) index = 0;
  }
  return {kNoRank, 0};
}

}  // namespace lathe
