// Lets a new sequence begin with what the cache groups of a model remember of its text.
//   int64_t num_known = AttachPrefix(caches, lists, tokens, num_tokens - 1);
#pragma once

#include <cstdint>

#include "absl/types/span.h"
#include "runtime/state/kv_cache.h"

namespace lathe {

// Attaches to the empty `lists`, one for each cache, the longest beginning of `tokens` whose keys
// and values every group still has as far as a query behind it sees them, at most `limit` tokens,
// and says how many those are.
int64_t AttachPrefix(absl::Span<KvCache> caches, absl::Span<PageList> lists,
                     absl::Span<const int32_t> tokens, int64_t limit);

}  // namespace lathe
