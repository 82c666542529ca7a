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

}  // namespace

absl::StatusOr<std::string> BuildTables(const TokenizerSpec& spec) {
  if (spec.tokens.empty() || spec.tokens.size() > kMaxTokenIds) {
    return absl::InvalidArgumentError(
        absl::StrCat("vocabulary: ", spec.tokens.size(), " ids, expected 1 to ", kMaxTokenIds));
  }
  LATHE_ASSIGN_OR_RETURN(std::vector<uint32_t> byte_tokens, ByteTokens(spec));
  std::vector<uint32_t> offsets = {0};
  std::vector<uint8_t> flags;
  std::string token_bytes;
  for (const TokenSpec& token : spec.tokens) {
    token_bytes += token.bytes;
    offsets.push_back(static_cast<uint32_t>(token_bytes.size()));
    flags.push_back(token.flags);
  }
  if (token_bytes.size() > UINT32_MAX) {
    return absl::InvalidArgumentError("vocabulary: tokens of more than 4 GiB together");
  }
  std::string added_bytes;
  AddedSection raw = MakeAddedSection(spec, /*normalized=*/false, &added_bytes);
  AddedSection normalized = MakeAddedSection(spec, /*normalized=*/true, &added_bytes);
  LATHE_ASSIGN_OR_RETURN(std::vector<MergeSlot> merge_slots, MergeSlots(spec));
  LATHE_ASSIGN_OR_RETURN(std::vector<TokenSlot> token_slots, TokenSlots(spec));

  TableHeader header = {};
  std::memcpy(header.magic, kTableMagic, sizeof(kTableMagic));
  header.version = kTableVersion;
  header.split_rule = static_cast<uint32_t>(spec.split_rule);
  header.normalizer = static_cast<uint32_t>(spec.normalizer);
  header.num_ids = static_cast<uint32_t>(spec.tokens.size());
  header.num_merge_slots = static_cast<uint32_t>(merge_slots.size());
  header.num_token_slots = static_cast<uint32_t>(token_slots.size());
  header.num_raw_added = static_cast<uint32_t>(raw.slots.size());
  header.num_normalized_added = static_cast<uint32_t>(normalized.slots.size());
  header.num_prefix = static_cast<uint32_t>(spec.prefix.size());
  header.num_suffix = static_cast<uint32_t>(spec.suffix.size());
  header.token_bytes = static_cast<uint32_t>(token_bytes.size());
  header.added_bytes = static_cast<uint32_t>(added_bytes.size());
  TableLayout layout(header);
  header.total_bytes = layout.total_bytes;

  std::string bytes(reinterpret_cast<const char*>(&header), sizeof(header));
  bytes.reserve(layout.total_bytes);
  Append(byte_tokens, &bytes);
  Append(offsets, &bytes);
  Append(merge_slots, &bytes);
  Append(token_slots, &bytes);
  Append(raw.slots, &bytes);
  Append(normalized.slots, &bytes);
  Append(raw.first, &bytes);
  Append(normalized.first, &bytes);
  Append(spec.prefix, &bytes);
  Append(spec.suffix, &bytes);
  Append(flags, &bytes);
  bytes += token_bytes;
  bytes += added_bytes;
  Seal(&bytes);
  LATHE_RETURN_IF_ERROR(MarkWholePieces(spec, layout.token_flags, &bytes), "building tables");
  Seal(&bytes);
  return bytes;
}

}  // namespace lathe
