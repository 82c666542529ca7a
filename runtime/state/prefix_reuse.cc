#include "runtime/state/prefix_reuse.h"

#include <algorithm>
#include <vector>

#include "runtime/base/check.h"

namespace lathe {

int64_t AttachPrefix(absl::Span<KvCache> caches, absl::Span<PageList> lists,
                     absl::Span<const int32_t> tokens, int64_t limit) {
  LATHE_CHECK(caches.size() == lists.size()) << caches.size() << " caches, " << lists.size();
  if (caches.empty() || limit <= 0) return 0;
  const absl::Span<const int32_t> asked = tokens.subspan(0, static_cast<size_t>(limit));
  std::vector<KvCache::Prefix> prefixes;
  for (const KvCache& cache : caches) prefixes.push_back(cache.Find(asked));
  auto covered = [&](int64_t length) {
    for (size_t i = 0; i < caches.size(); ++i)
      if (!caches[i].Covers(prefixes[i], length)) return false;
    return true;
  };
  const int64_t step = caches[0].layout().page_tokens;
  int64_t length = static_cast<int64_t>(prefixes[0].nodes.size()) * step;
  while (!covered(length)) length -= step;  // no tokens are always covered
  for (size_t i = 0; i < caches.size(); ++i) caches[i].Attach(lists[i], prefixes[i], length);
  return length;
}

}  // namespace lathe
