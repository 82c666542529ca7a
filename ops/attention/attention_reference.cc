#include "ops/attention/attention_reference.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "absl/strings/str_cat.h"
#include "runtime/base/check.h"
#include "runtime/base/status_macros.h"

namespace lathe {
namespace {

std::vector<float> RoundedRow(const HostTensor& tensor, int64_t row, DType dtype) {
  const int64_t elements = tensor.dim(1) * tensor.dim(2);
  const float* values = tensor.floats().data() + row * elements;
  std::vector<float> result(values, values + elements);
  for (float& value : result) value = RoundTo(dtype, value);
  return result;
}

// The rows that a query at `position` sees, oldest first.
absl::StatusOr<std::vector<const KvState::Row*>> VisibleRows(const KvState& state,
                                                             const KvHandle& layer,
                                                             int64_t sequence, int64_t position,
                                                             int64_t window) {
  std::vector<const KvState::Row*> rows;
  int64_t first = window > 0 ? std::max<int64_t>(0, position - window + 1) : 0;
  for (int64_t p = first; p <= position; ++p) {
    const KvState::Row* row = state.Find(layer, sequence, p);
    if (row == nullptr) {
      return absl::FailedPreconditionError(
          absl::StrCat("cache ", layer.group, ", layer ", layer.layer, ": sequence ", sequence,
                       " has no key at position ", p, ", which position ", position,
                       " attends to; write the earlier positions first"));
    }
    rows.push_back(row);
  }
  return rows;
}

// One query head over the visible rows; `offset` is where its key-value head begins in a row.
void AttendHead(const float* query, const std::vector<const KvState::Row*>& rows, int64_t offset,
                int64_t head_dim, double scale, float* out) {
  std::vector<double> scores;
  double largest = -std::numeric_limits<double>::infinity();
  for (const KvState::Row* row : rows) {
    double dot = 0;
    for (int64_t d = 0; d < head_dim; ++d) {
      dot += static_cast<double>(query[d]) * row->key[offset + d];
    }
    scores.push_back(dot * scale);
    largest = std::max(largest, scores.back());
  }
  double total = 0;
  std::vector<double> sums(head_dim, 0.0);
  for (size_t i = 0; i < rows.size(); ++i) {
    double weight = std::exp(scores[i] - largest);
    total += weight;
    for (int64_t d = 0; d < head_dim; ++d) sums[d] += weight * rows[i]->value[offset + d];
  }
  for (int64_t d = 0; d < head_dim; ++d) out[d] = static_cast<float>(sums[d] / total);
}

}  // namespace

void KvWriteReference(const HostTensor& key, const HostTensor& value, const HostTensor& positions,
                      const HostTensor& row_sequence, const KvLayout& layout, const KvHandle& layer,
                      KvState& state) {
  LATHE_CHECK(key.rank() == 3 && key.dim(1) == layout.kv_heads && key.dim(2) == layout.head_dim)
      << Describe(key) << " into a cache of " << layout.kv_heads << " heads of " << layout.head_dim;
  for (int64_t row = 0; row < key.dim(0); ++row) {
    int64_t position = positions.ints()[row];
    int64_t sequence = row_sequence.ints()[row];
    if (position < 0 || sequence < 0) continue;
    state.Write(layer, sequence, position,
                {RoundedRow(key, row, layout.dtype), RoundedRow(value, row, layout.dtype)});
  }
}

// After transformers models/qwen3/modeling_qwen3.py eager_attention_forward, with a window as in
// its sliding mask (query - key < window); only the sums are wider.
absl::StatusOr<HostTensor> AttentionReference(const HostTensor& query, const HostTensor& positions,
                                              const HostTensor& row_sequence,
                                              const KvLayout& layout, const KvHandle& layer,
                                              const KvState& state, double scale) {
  const int64_t heads = query.dim(1);
  const int64_t head_dim = layout.head_dim;
  LATHE_CHECK(query.rank() == 3 && query.dim(2) == head_dim && heads % layout.kv_heads == 0)
      << Describe(query) << " over " << layout.kv_heads << " heads of " << head_dim;
  const int64_t group = heads / layout.kv_heads;
  HostTensor y(DType::kF32, query.shape());
  for (int64_t row = 0; row < query.dim(0); ++row) {
    int64_t position = positions.ints()[row];
    int64_t sequence = row_sequence.ints()[row];
    if (position < 0 || sequence < 0) continue;
    LATHE_ASSIGN_OR_RETURN(auto rows, VisibleRows(state, layer, sequence, position, layout.window));
    for (int64_t head = 0; head < heads; ++head) {
      int64_t element = (row * heads + head) * head_dim;
      AttendHead(query.floats().data() + element, rows, head / group * head_dim, head_dim, scale,
                 y.floats().data() + element);
    }
  }
  return y;
}

}  // namespace lathe
