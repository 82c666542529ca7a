// What the caches of a model know of a text, taken out for another process and put back.
//   PrefixSnapshot known = ExportPrefix(caches, tokens);
//   LATHE_RETURN_IF_ERROR(ImportPrefix(known.tokens, views, other_caches));
#pragma once

#include <cstdint>
#include <vector>

#include "absl/status/status.h"
#include "absl/types/span.h"
#include "runtime/state/kv_cache.h"
#include "runtime/state/kv_snapshot.h"

namespace lathe {

struct PrefixSnapshot {
  std::vector<int32_t> tokens = {};     // whole pages of them
  std::vector<KvSnapshot> groups = {};  // one for each cache
};

// The longest beginning of `tokens` that every cache still holds. Nothing changes in the caches but
// which pages were used last.
PrefixSnapshot ExportPrefix(absl::Span<KvCache> caches, absl::Span<const int32_t> tokens);

// From now on sequences that begin with `tokens` find their keys and values, until the pages are
// needed for something else. Errors: those of ImportPages; nothing is to be found then.
absl::Status ImportPrefix(absl::Span<const int32_t> tokens, absl::Span<const KvSnapshotView> groups,
                          absl::Span<KvCache> caches);

}  // namespace lathe
