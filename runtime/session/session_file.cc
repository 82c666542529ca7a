#include "runtime/session/session_file.h"

#include <bit>
#include <cstring>
#include <limits>
#include <optional>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "runtime/artifact/proto_types.h"
#include "runtime/base/atomic_file.h"
#include "runtime/base/check.h"
#include "runtime/base/hash.h"
#include "runtime/base/status_macros.h"
#include "runtime/base/strings.h"

namespace lathe {
namespace {

static_assert(std::endian::native == std::endian::little);

constexpr absl::string_view kMagic("\x89LSESS\r\n", 8);
// Offsets of the header's fields.
constexpr size_t kVersionAt = 8;
constexpr size_t kNumSectionsAt = 12;
constexpr size_t kArtifactAt = 16;
constexpr size_t kFileSizeAt = 24;
constexpr size_t kTableHashAt = 32;
constexpr size_t kHeaderHashAt = 40;
constexpr size_t kHeaderBytes = 48;

enum Kind : uint32_t { kTokens = 1, kGroup = 2, kText = 3 };

// A line of the section table; what does not apply is 0.
struct Entry {
  uint32_t kind = 0;
  uint32_t dtype = 0;  // artifact::DType
  uint32_t num_layers = 0;
  uint32_t kv_heads = 0;
  uint32_t head_dim = 0;
  uint32_t page_tokens = 0;
  int64_t window = 0;
  int64_t first_page = 0;
  uint64_t size = 0;
  uint64_t xxh3 = 0;
};
static_assert(sizeof(Entry) == 56 && std::has_unique_object_representations_v<Entry>);

template <typename T>
void Put(std::string& bytes, size_t at, T value) {
  std::memcpy(bytes.data() + at, &value, sizeof(value));
}

template <typename T>
T Get(absl::string_view bytes, size_t at) {
  T value;
  std::memcpy(&value, bytes.data() + at, sizeof(value));
  return value;
}

Entry EntryOf(Kind kind, absl::string_view bytes) {
  Entry entry;
  entry.kind = kind;
  entry.size = bytes.size();
  entry.xxh3 = Hash64(bytes);
  return entry;
}

Entry EntryOf(const KvSnapshot& group) {
  Entry entry = EntryOf(kGroup, group.bytes);
  entry.dtype = static_cast<uint32_t>(ToProto(group.shape.dtype));
  entry.num_layers = static_cast<uint32_t>(group.shape.num_layers);
  entry.kv_heads = static_cast<uint32_t>(group.shape.kv_heads);
  entry.head_dim = static_cast<uint32_t>(group.shape.head_dim);
  entry.page_tokens = static_cast<uint32_t>(group.shape.page_tokens);
  entry.window = group.shape.window;
  entry.first_page = group.first_page;
  return entry;
}

absl::string_view TokenBytes(const std::vector<int32_t>& tokens) {
  return {reinterpret_cast<const char*>(tokens.data()), tokens.size() * sizeof(int32_t)};
}

// Header and table, then the sections that they describe.
struct Layout {
  std::string head;
  std::vector<absl::string_view> sections;
};

Layout LayOut(uint64_t artifact_hash, const SavedSession& session) {
  Layout layout;
  std::string table;
  auto add = [&](const Entry& entry, absl::string_view bytes) {
    table.append(reinterpret_cast<const char*>(&entry), sizeof(entry));
    layout.sections.push_back(bytes);
  };
  const absl::string_view tokens = TokenBytes(session.tokens);
  add(EntryOf(kTokens, tokens), tokens);
  for (const KvSnapshot& group : session.groups) add(EntryOf(group), group.bytes);
  if (!session.text.empty()) add(EntryOf(kText, session.text), session.text);
  uint64_t size = kHeaderBytes + table.size();
  for (absl::string_view section : layout.sections) size += section.size();

  std::string& head = layout.head;
  head.resize(kHeaderBytes);
  std::memcpy(head.data(), kMagic.data(), kMagic.size());
  Put<uint32_t>(head, kVersionAt, kSessionVersion);
  Put(head, kNumSectionsAt, static_cast<uint32_t>(layout.sections.size()));
  Put(head, kArtifactAt, artifact_hash);
  Put(head, kFileSizeAt, size);
  Put(head, kTableHashAt, Hash64(table));
  Put(head, kHeaderHashAt, Hash64(absl::string_view(head).substr(0, kHeaderHashAt)));
  head += table;
  return layout;
}

absl::Status Damaged(absl::string_view what) {
  return absl::DataLossError(
      absl::StrCat(what, "; the session file is damaged: delete it and let it be made again"));
}

// All that can be said about the file from its first bytes.
absl::Status CheckHeader(absl::string_view bytes) {
  const bool is_cut_magic = bytes.size() < kMagic.size() && absl::StartsWith(kMagic, bytes);
  if (!is_cut_magic && !absl::StartsWith(bytes, kMagic)) {
    return absl::InvalidArgumentError(
        "not a session file (its first bytes differ); --save-session writes them");
  }
  if (bytes.size() < kHeaderBytes) {
    return Damaged(
        absl::StrCat("the file has ", bytes.size(), " bytes, the header alone ", kHeaderBytes));
  }
  if (Get<uint64_t>(bytes, kHeaderHashAt) != Hash64(bytes.substr(0, kHeaderHashAt)))
    return Damaged("the header's checksum does not match");
  if (const auto version = Get<uint32_t>(bytes, kVersionAt); version != kSessionVersion) {
    return absl::InvalidArgumentError(absl::StrCat("session format version ", version,
                                                   ", this build reads version ", kSessionVersion,
                                                   "; delete the file and let it be made again"));
  }
  const auto size = Get<uint64_t>(bytes, kFileSizeAt);
  if (size == bytes.size()) return absl::OkStatus();
  return Damaged(absl::StrCat("the file has ", bytes.size(), " bytes, its header expects ", size,
                              bytes.size() < size ? " (cut short)" : " (grown)"));
}

// The sections' entries; their sizes add up to the file's.
absl::StatusOr<std::vector<Entry>> ReadTable(absl::string_view bytes) {
  const uint64_t num_sections = Get<uint32_t>(bytes, kNumSectionsAt);
  const uint64_t table_bytes = num_sections * sizeof(Entry);
  if (table_bytes > bytes.size() - kHeaderBytes)
    return Damaged(absl::StrCat("the header claims ", num_sections, " sections"));
  const absl::string_view table = bytes.substr(kHeaderBytes, table_bytes);
  if (Hash64(table) != Get<uint64_t>(bytes, kTableHashAt))
    return Damaged("the checksum of the section table does not match");
  std::vector<Entry> entries;
  uint64_t rest = bytes.size() - kHeaderBytes - table_bytes;
  for (uint64_t i = 0; i < num_sections; ++i) {
    entries.push_back(Get<Entry>(table, i * sizeof(Entry)));
    if (entries.back().size > rest)
      return Damaged(
          absl::StrCat("section ", i, " claims ", entries.back().size, " bytes of ", rest));
    rest -= entries.back().size;
  }
  if (rest == 0) return entries;
  return Damaged(absl::StrCat(rest, " bytes of the file belong to no section"));
}

absl::StatusOr<std::vector<int32_t>> ReadTokens(absl::string_view bytes) {
  if (bytes.size() % sizeof(int32_t) != 0)
    return Damaged(absl::StrCat("the tokens have ", bytes.size(), " bytes"));
  std::vector<int32_t> tokens(bytes.size() / sizeof(int32_t));
  if (tokens.size() > static_cast<size_t>(std::numeric_limits<int32_t>::max()))
    return Damaged(absl::StrCat("there are ", tokens.size(), " tokens"));
  if (!tokens.empty()) std::memcpy(tokens.data(), bytes.data(), bytes.size());
  return tokens;
}

absl::StatusOr<KvSnapshotView> ReadGroup(const Entry& entry, absl::string_view bytes,
                                         int64_t num_tokens) {
  const std::optional<DType> dtype = entry.dtype <= static_cast<uint32_t>(artifact::DType_MAX)
                                         ? FromProto(static_cast<artifact::DType>(entry.dtype))
                                         : std::nullopt;
  if (!dtype.has_value() || entry.window < 0)
    return Damaged(
        absl::StrCat("a cache group of dtype number ", entry.dtype, " and window ", entry.window));
  KvSnapshotView group{.shape = {.dtype = *dtype,
                                 .num_layers = entry.num_layers,
                                 .kv_heads = entry.kv_heads,
                                 .head_dim = entry.head_dim,
                                 .page_tokens = entry.page_tokens,
                                 .window = entry.window},
                       .first_page = entry.first_page,
                       .num_tokens = num_tokens,
                       .bytes = bytes};
  if (SnapshotBytes(group.shape, group.first_page, num_tokens) == bytes.size()) return group;
  return Damaged(absl::StrCat(bytes.size(), " bytes of keys and values for ", num_tokens,
                              " tokens from page ", group.first_page, " on of ",
                              ShapeText(group.shape)));
}

// The order of kinds: tokens, groups, text.
absl::Status AddSection(const Entry& entry, absl::string_view bytes, size_t index,
                        SessionView& session) {
  if ((entry.kind == kTokens) != (index == 0))
    return Damaged(absl::StrCat("section ", index, " is of kind ", entry.kind));
  switch (entry.kind) {
    case kTokens: {
      LATHE_ASSIGN_OR_RETURN(session.tokens, ReadTokens(bytes));
      return absl::OkStatus();
    }
    case kGroup: {
      LATHE_ASSIGN_OR_RETURN(const KvSnapshotView group,
                             ReadGroup(entry, bytes, static_cast<int64_t>(session.tokens.size())));
      session.groups.push_back(group);
      return absl::OkStatus();
    }
    case kText:
      session.text = bytes;
      return absl::OkStatus();
    default:
      return Damaged(absl::StrCat("section ", index, " is of the unknown kind ", entry.kind));
  }
}

}  // namespace

std::string EncodeSession(uint64_t artifact_hash, const SavedSession& session) {
  Layout layout = LayOut(artifact_hash, session);
  std::string bytes = std::move(layout.head);
  for (absl::string_view section : layout.sections) absl::StrAppend(&bytes, section);
  return bytes;
}

absl::Status WriteSession(const std::string& path, uint64_t artifact_hash,
                          const SavedSession& session) {
  const Layout layout = LayOut(artifact_hash, session);
  LATHE_ASSIGN_OR_RETURN(AtomicFile file, AtomicFile::Create(path));
  LATHE_RETURN_IF_ERROR(file.Append(layout.head));
  for (absl::string_view section : layout.sections) LATHE_RETURN_IF_ERROR(file.Append(section));
  return file.Commit();
}

absl::StatusOr<SessionView> ParseSession(absl::string_view bytes) {
  LATHE_RETURN_IF_ERROR(CheckHeader(bytes));
  LATHE_ASSIGN_OR_RETURN(const std::vector<Entry> entries, ReadTable(bytes));
  if (entries.empty()) return Damaged("there is no section of tokens");
  SessionView session{.artifact_hash = Get<uint64_t>(bytes, kArtifactAt)};
  uint64_t at = kHeaderBytes + entries.size() * sizeof(Entry);
  for (size_t i = 0; i < entries.size(); ++i) {
    const absl::string_view section = bytes.substr(at, entries[i].size);
    if (Hash64(section) != entries[i].xxh3)
      return Damaged(absl::StrCat("the checksum of section ", i, " does not match"));
    LATHE_RETURN_IF_ERROR(AddSection(entries[i], section, i, session));
    at += entries[i].size;
  }
  return session;
}

absl::Status CheckSession(const SessionView& session, uint64_t artifact_hash,
                          absl::Span<const KvGroupLayout> layouts, int64_t context) {
  if (session.artifact_hash != artifact_hash) {
    return absl::FailedPreconditionError(absl::StrFormat(
        "the session was made with another artifact (%016x, this one is %016x); give the artifact "
        "that made it, or let it be made again",
        session.artifact_hash, artifact_hash));
  }
  if (session.groups.size() != layouts.size()) {
    return absl::InvalidArgumentError(absl::StrCat("the session has ", session.groups.size(),
                                                   " cache groups, the artifact ", layouts.size()));
  }
  for (size_t i = 0; i < layouts.size(); ++i) {
    if (session.groups[i].shape == ShapeOf(layouts[i])) continue;
    return absl::InvalidArgumentError(absl::StrCat(
        "cache group ", layouts[i].name, ": the session has ", ShapeText(session.groups[i].shape),
        ", expected ", ShapeText(ShapeOf(layouts[i]))));
  }
  const auto num_tokens = static_cast<int64_t>(session.tokens.size());
  if (num_tokens <= context) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat("the session has ", num_tokens,
                                                 " tokens, but the context holds ", context,
                                                 "; raise --context"));
}

}  // namespace lathe
