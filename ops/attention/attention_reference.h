// The meaning of the cache ops in plain loops over a KvState.
#pragma once

#include "absl/status/statusor.h"
#include "ops/core/host_tensor.h"
#include "ops/core/kv_state.h"

namespace lathe {

// What the type of a cache layer says about its rows.
struct KvLayout {
  int64_t kv_heads = 0;
  int64_t head_dim = 0;
  DType dtype = DType::kF32;
  int64_t window = 0;  // keys that a query sees, its own among them; 0 = all
};

// Stores row s of key and value, [S, NK, D], at positions[s] of sequence row_sequence[s], rounded
// to the cache's dtype. Rows with a negative position or sequence are dropped.
void KvWriteReference(const HostTensor& key, const HostTensor& value, const HostTensor& positions,
                      const HostTensor& row_sequence, const KvLayout& layout, const KvHandle& layer,
                      KvState& state);

// softmax(q K^T * scale) V for each row and head of query [S, NQ, D], over the positions that the
// row sees; sums in f64. Rows with a negative position or sequence give zeros. FailedPrecondition
// when a visible position was never written.
absl::StatusOr<HostTensor> AttentionReference(const HostTensor& query, const HostTensor& positions,
                                              const HostTensor& row_sequence,
                                              const KvLayout& layout, const KvHandle& layer,
                                              const KvState& state, double scale);

}  // namespace lathe
