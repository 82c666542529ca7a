// Session files, also with their checksums made right; those that are accepted go into a cache of
// their shape and come out of it again.
#include <cstring>
#include <optional>
#include <string>
#include <vector>

#include "runtime/artifact/artifact.pb.h"
#include "runtime/artifact/kernel_abi.h"
#include "runtime/artifact/proto_types.h"
#include "runtime/base/check.h"
#include "runtime/base/hash.h"
#include "runtime/session/session_file.h"
#include "runtime/state/kv_cache.h"
#include "runtime/state/kv_snapshot.h"
#include "test/fuzz/fuzz_input.h"

namespace lathe::fuzz {
namespace {

// Larger caches only take time.
constexpr int64_t kMaxPageBytes = 1 << 16;
constexpr int64_t kMaxPages = 64;

// What runtime/session/README.md says about the file.
constexpr size_t kNumSectionsAt = 12;
constexpr size_t kFileSizeAt = 24;
constexpr size_t kTableHashAt = 32;
constexpr size_t kHeaderHashAt = 40;
constexpr size_t kHeaderBytes = 48;
constexpr size_t kEntryBytes = 56;
constexpr size_t kEntrySizeAt = 40;
constexpr size_t kEntryHashAt = 48;

template <typename T>
T Get(const std::string& bytes, size_t at) {
  T value;
  std::memcpy(&value, bytes.data() + at, sizeof(value));
  return value;
}

template <typename T>
void Put(std::string* bytes, size_t at, T value) {
  std::memcpy(bytes->data() + at, &value, sizeof(value));
}

// Mutations never get checksums right: here they are, and the last section takes what is left of
// the file.
std::string Repaired(absl::string_view file) {
  std::string bytes(file);
  if (bytes.size() < kHeaderBytes) return bytes;
  const uint64_t num_sections = Get<uint32_t>(bytes, kNumSectionsAt);
  if (num_sections <= (bytes.size() - kHeaderBytes) / kEntryBytes) {
    uint64_t at = kHeaderBytes + num_sections * kEntryBytes;
    for (uint64_t i = 0; i < num_sections; ++i) {
      const uint64_t entry = kHeaderBytes + i * kEntryBytes;
      uint64_t size = Get<uint64_t>(bytes, entry + kEntrySizeAt);
      if (size > bytes.size() - at || i + 1 == num_sections) size = bytes.size() - at;
      Put(&bytes, entry + kEntrySizeAt, size);
      Put(&bytes, entry + kEntryHashAt, Hash64(absl::string_view(bytes).substr(at, size)));
      at += size;
    }
    const absl::string_view table =
        absl::string_view(bytes).substr(kHeaderBytes, num_sections * kEntryBytes);
    Put(&bytes, kTableHashAt, Hash64(table));
  }
  Put(&bytes, kFileSizeAt, uint64_t{bytes.size()});
  Put(&bytes, kHeaderHashAt, Hash64(absl::string_view(bytes).substr(0, kHeaderHashAt)));
  return bytes;
}

// A cache group of the snapshot's shape; false when it is too large to be tried.
bool MakeGroup(const KvShape& shape, artifact::KvCacheGroup* group) {
  int64_t part = static_cast<int64_t>(ByteSize(shape.dtype));
  for (int64_t extent : {shape.kv_heads, shape.head_dim, shape.page_tokens}) {
    if (extent > kMaxPageBytes || __builtin_mul_overflow(part, extent, &part)) return false;
  }
  if (part > kMaxPageBytes || shape.num_layers > 8 || shape.head_dim % 2 != 0 ||
      shape.page_tokens % 2 != 0) {
    return false;
  }
  const int64_t rounded = (part + kBufferAlignment - 1) / kBufferAlignment * kBufferAlignment;
  group->set_name("kv");
  group->set_num_layers(static_cast<uint32_t>(shape.num_layers));
  group->set_kv_heads(static_cast<uint32_t>(shape.kv_heads));
  group->set_head_dim(static_cast<uint32_t>(shape.head_dim));
  group->set_dtype(ToProto(shape.dtype));
  group->set_page_tokens(static_cast<uint32_t>(shape.page_tokens));
  group->set_window(shape.window);
  group->set_value_offset(static_cast<uint64_t>(rounded));
  group->set_layer_bytes(static_cast<uint64_t>(2 * rounded));
  group->set_page_bytes(static_cast<uint64_t>(2 * rounded * shape.num_layers));
  for (int64_t layer = 0; layer < shape.num_layers; ++layer) {
    group->add_model_layers(static_cast<uint32_t>(layer));
  }
  return true;
}

// The pages of a cache that the snapshot was put into; none when they do not go there.
std::optional<KvSnapshot> ThroughCache(const KvSnapshotView& snapshot) {
  artifact::KvCacheGroup group;
  if (!MakeGroup(snapshot.shape, &group)) return std::nullopt;
  auto cache = KvCache::Create(group, kMaxPages);
  if (!cache.ok()) return std::nullopt;
  PageList list;
  const bool is_imported = ImportPages(snapshot, *cache, list).ok();
  std::optional<KvSnapshot> exported;
  if (is_imported) exported = ExportPages(*cache, list);
  LATHE_CHECK(is_imported || list.pages.empty()) << "a refused snapshot left pages";
  cache->Release(list);
  LATHE_CHECK(cache->num_available() == kMaxPages) << cache->num_available();
  return exported;
}

void CheckGroup(const KvSnapshotView& snapshot, size_t num_tokens) {
  LATHE_CHECK(static_cast<size_t>(snapshot.num_tokens) == num_tokens) << snapshot.num_tokens;
  const std::optional<KvSnapshot> once = ThroughCache(snapshot);
  if (!once) return;
  LATHE_CHECK(once->num_tokens == snapshot.num_tokens && once->shape == snapshot.shape)
      << ShapeText(once->shape);
  // Rows behind the last token are cleared, so that only the second time all bytes are equal.
  const std::optional<KvSnapshot> twice = ThroughCache(once->view());
  LATHE_CHECK(twice && twice->bytes == once->bytes) << "pages change on their way";
}

void ReadSession(absl::string_view bytes) {
  auto session = ParseSession(bytes);
  if (!session.ok()) {
    LATHE_CHECK(session.status().code() != absl::StatusCode::kInternal)
        << session.status().ToString();
    return;
  }
  (void)CheckSession(*session, session->artifact_hash, {}, 100);
  SavedSession copy{.tokens = session->tokens, .text = std::string(session->text)};
  for (const KvSnapshotView& group : session->groups) {
    CheckGroup(group, session->tokens.size());
    copy.groups.push_back(
        {group.shape, group.first_page, group.num_tokens, std::string(group.bytes)});
  }
  const std::string encoded = EncodeSession(session->artifact_hash, copy);
  auto again = ParseSession(encoded);
  LATHE_CHECK(again.ok()) << again.status().ToString();
  LATHE_CHECK(again->tokens == session->tokens && again->text == session->text &&
              again->groups.size() == session->groups.size())
      << "written again it differs";
}

}  // namespace
}  // namespace lathe::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const absl::string_view bytes = lathe::fuzz::Text(data, size);
  lathe::fuzz::ReadSession(bytes);
  lathe::fuzz::ReadSession(lathe::fuzz::Repaired(bytes));
  return 0;
}
