#include "frontend/tokenizer/table_builder.h"

#include <algorithm>
#include <cstddef>
#include <optional>
#include <vector>

#include "absl/strings/str_cat.h"
#include "frontend/tokenizer/bpe.h"
#include "frontend/tokenizer/table_layout.h"
#include "frontend/tokenizer/tables.h"
#include "runtime/base/status_macros.h"

namespace lathe {
namespace {

template <typename T>
void Append(const std::vector<T>& values, std::string* out) {
  out->append(reinterpret_cast<const char*>(values.data()), values.size() * sizeof(T));
}

// Open addressing in a table of `num_slots`; none when an entry would lie kMaxProbes or more from
// its home.
template <typename Slot, typename HashOf>
std::optional<std::vector<Slot>> TryFill(const std::vector<Slot>& entries, size_t num_slots,
                                         Slot free_slot, const HashOf& hash_of) {
  std::vector<Slot> slots(num_slots, free_slot);
  std::vector<bool> taken(num_slots, false);
  for (const Slot& entry : entries) {
    size_t index = HomeSlot(hash_of(entry), static_cast<uint32_t>(num_slots));
    for (uint32_t probes = 1; taken[index]; ++probes) {
      if (probes == kMaxProbes) return std::nullopt;
      index = index + 1 == num_slots ? 0 : index + 1;
    }
    slots[index] = entry;
    taken[index] = true;
  }
  return slots;
}

// Twice as many slots as entries: 1.5 probes for a hit and 2.5 for a miss on average (Knuth, volume
// 3, 6.4). Tables that need more than 32 slots an entry come only from files that were made to
// collide.
template <typename Slot, typename HashOf>
absl::StatusOr<std::vector<Slot>> FillHashTable(const std::vector<Slot>& entries, Slot free_slot,
                                                const HashOf& hash_of) {
  for (size_t factor = 2; factor <= 32; factor *= 2) {
    auto slots = TryFill(entries, factor * entries.size(), free_slot, hash_of);
    if (slots) return *std::move(slots);
  }
  return absl::InvalidArgumentError(
      absl::StrCat("vocabulary: ", entries.size(), " entries whose hashes collide"));
}

absl::StatusOr<std::vector<MergeSlot>> MergeSlots(const TokenizerSpec& spec) {
  std::vector<MergeSlot> entries;
  entries.reserve(spec.merges.size());
  for (const MergeSpec& merge : spec.merges) {
    entries.push_back(
        {merge.left, merge.right, static_cast<uint32_t>(entries.size()), merge.merged});
  }
  return FillHashTable(entries, MergeSlot{UINT32_MAX, UINT32_MAX, UINT32_MAX, UINT32_MAX},
                       [](const MergeSlot& slot) { return MergeHash(slot.left, slot.right); });
}

absl::StatusOr<std::vector<TokenSlot>> TokenSlots(const TokenizerSpec& spec) {
  std::vector<TokenSlot> entries;
  auto hash_of = [&spec](const TokenSlot& slot) {
    const TokenSpec& token = spec.tokens[slot.id];
    return TokenHash(token.bytes, (token.flags & kByteLevelToken) != 0);
  };
  for (uint32_t id = 0; id < spec.tokens.size(); ++id) {
    if (spec.tokens[id].flags == 0) continue;
    TokenSlot slot{0, id};
    slot.fingerprint = static_cast<uint32_t>(hash_of(slot));
    entries.push_back(slot);
  }
  return FillHashTable(entries, TokenSlot{0, UINT32_MAX}, [&](const TokenSlot& slot) {
    return static_cast<uint32_t>(hash_of(slot) >> 32);
  });
}

// The sections of one group of added tokens.
struct AddedSection {
  std::vector<AddedSlot> slots;
  std::vector<uint32_t> first;
};

AddedSection MakeAddedSection(const TokenizerSpec& spec, bool normalized, std::string* contents) {
  std::vector<const AddedTokenSpec*> group;
  for (const AddedTokenSpec& token : spec.added) {
    if (token.normalized == normalized) group.push_back(&token);
  }
  // std::string compares bytes as unsigned char, as AddedTokenTable expects.
  std::sort(group.begin(), group.end(),
            [](const auto* a, const auto* b) { return a->content < b->content; });
  AddedSection section;
  for (const AddedTokenSpec* token : group) {
    uint32_t flags = (token->special ? kAddedSpecial : 0) |
                     (token->strips_left ? kAddedStripsLeft : 0) |
                     (token->strips_right ? kAddedStripsRight : 0);
    section.slots.push_back({static_cast<uint32_t>(contents->size()),
                             static_cast<uint32_t>(token->content.size()), token->id, flags});
    contents->append(token->content);
  }
  size_t index = 0;
  for (int byte = 0; byte <= 256; ++byte) {
    while (index < group.size() && static_cast<uint8_t>(group[index]->content[0]) < byte) ++index;
    section.first.push_back(static_cast<uint32_t>(index));
  }
  return section;
}

absl::StatusOr<std::vector<uint32_t>> ByteTokens(const TokenizerSpec& spec) {
  std::vector<uint32_t> ids(256, kNoToken);
  for (uint32_t id = 0; id < spec.tokens.size(); ++id) {
    const TokenSpec& token = spec.tokens[id];
    constexpr uint8_t kWanted = kModelToken | kByteLevelToken;
    if (token.bytes.size() == 1 && (token.flags & kWanted) == kWanted) {
      ids[static_cast<uint8_t>(token.bytes[0])] = id;
    }
  }
  for (int byte = 0; byte < 256; ++byte) {
    if (ids[static_cast<size_t>(byte)] == kNoToken) {
      return absl::InvalidArgumentError(
          absl::StrCat("vocabulary: no token for the byte 0x", absl::Hex(byte, absl::kZeroPad2),
                       ", expected all 256; train it with the whole byte-level alphabet"));
    }
  }
  return ids;
}

void Seal(std::string* bytes) {
  uint64_t checksum = Hash64(absl::string_view(*bytes).substr(kChecksummedFrom));
  std::memcpy(bytes->data() + offsetof(TableHeader, checksum), &checksum, sizeof(checksum));
}

// Sets kWholePiece on each token that the encoder may emit at once for a piece of the same bytes.
absl::Status MarkWholePieces(const TokenizerSpec& spec, uint64_t flags_offset, std::string* bytes) {
  LATHE_ASSIGN_OR_RETURN(TokenizerTables tables, TokenizerTables::Open(*bytes));
  PieceEncoder encoder(tables);
  std::vector<uint32_t> whole;
  std::vector<int32_t> ids;
  for (uint32_t id = 0; id < spec.tokens.size(); ++id) {
    const TokenSpec& token = spec.tokens[id];
    constexpr uint8_t kWanted = kModelToken | kByteLevelToken;
    if ((token.flags & kWanted) != kWanted) continue;
    ids.clear();
    if (!spec.ignore_merges) encoder.EncodeByMerging(token.bytes, &ids);
    bool merges_to_itself = ids.size() == 1 && ids[0] == static_cast<int32_t>(id);
    if (spec.ignore_merges || merges_to_itself) whole.push_back(id);
  }
  for (uint32_t id : whole) {
    char& flags = (*bytes)[flags_offset + id];
    flags = static_cast<char>(static_cast<uint8_t>(flags) | kWholePiece);
  }
  return absl::OkStatus();
}

// What stands between the header and the end, but for prefix and suffix.
struct Sections {
  std::vector<uint32_t> byte_tokens;
  std::vector<uint32_t> token_offsets;
  std::vector<MergeSlot> merge_slots;
  std::vector<TokenSlot> token_slots;
  AddedSection raw_added;
  AddedSection normalized_added;
  std::vector<uint8_t> token_flags;
  std::string token_bytes;
  std::string added_bytes;
};

absl::StatusOr<Sections> MakeSections(const TokenizerSpec& spec) {
  Sections s;
  LATHE_ASSIGN_OR_RETURN(s.byte_tokens, ByteTokens(spec));
  s.token_offsets.push_back(0);
  for (const TokenSpec& token : spec.tokens) {
    s.token_bytes += token.bytes;
    s.token_offsets.push_back(static_cast<uint32_t>(s.token_bytes.size()));
    s.token_flags.push_back(token.flags);
  }
  s.raw_added = MakeAddedSection(spec, /*normalized=*/false, &s.added_bytes);
  s.normalized_added = MakeAddedSection(spec, /*normalized=*/true, &s.added_bytes);
  if (s.token_bytes.size() > UINT32_MAX || s.added_bytes.size() > UINT32_MAX) {
    return absl::InvalidArgumentError("vocabulary: tokens of more than 4 GiB together");
  }
  LATHE_ASSIGN_OR_RETURN(s.merge_slots, MergeSlots(spec));
  LATHE_ASSIGN_OR_RETURN(s.token_slots, TokenSlots(spec));
  return s;
}

// The checksum is still open.
TableHeader MakeHeader(const TokenizerSpec& spec, const Sections& s) {
  auto count = [](const auto& section) { return static_cast<uint32_t>(section.size()); };
  TableHeader header = {};
  std::memcpy(header.magic, kTableMagic, sizeof(kTableMagic));
  header.version = kTableVersion;
  header.split_rule = static_cast<uint32_t>(spec.split_rule);
  header.normalizer = static_cast<uint32_t>(spec.normalizer);
  header.num_ids = count(spec.tokens);
  header.num_merge_slots = count(s.merge_slots);
  header.num_token_slots = count(s.token_slots);
  header.num_raw_added = count(s.raw_added.slots);
  header.num_normalized_added = count(s.normalized_added.slots);
  header.num_prefix = count(spec.prefix);
  header.num_suffix = count(spec.suffix);
  header.token_bytes = count(s.token_bytes);
  header.added_bytes = count(s.added_bytes);
  header.total_bytes = TableLayout(header).total_bytes;
  return header;
}

}  // namespace

absl::StatusOr<std::string> BuildTables(const TokenizerSpec& spec) {
  if (spec.tokens.empty() || spec.tokens.size() > kMaxTokenIds) {
    return absl::InvalidArgumentError(
        absl::StrCat("vocabulary: ", spec.tokens.size(), " ids, expected 1 to ", kMaxTokenIds));
  }
  LATHE_ASSIGN_OR_RETURN(Sections sections, MakeSections(spec));
  TableHeader header = MakeHeader(spec, sections);
  std::string bytes(reinterpret_cast<const char*>(&header), sizeof(header));
  bytes.reserve(header.total_bytes);
  Append(sections.byte_tokens, &bytes);
  Append(sections.token_offsets, &bytes);
  Append(sections.merge_slots, &bytes);
  Append(sections.token_slots, &bytes);
  Append(sections.raw_added.slots, &bytes);
  Append(sections.normalized_added.slots, &bytes);
  Append(sections.raw_added.first, &bytes);
  Append(sections.normalized_added.first, &bytes);
  Append(spec.prefix, &bytes);
  Append(spec.suffix, &bytes);
  Append(sections.token_flags, &bytes);
  bytes += sections.token_bytes;
  bytes += sections.added_bytes;
  Seal(&bytes);
  LATHE_RETURN_IF_ERROR(MarkWholePieces(spec, TableLayout(header).token_flags, &bytes));
  Seal(&bytes);
  return bytes;
}

}  // namespace lathe
