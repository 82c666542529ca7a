// Keys and values of a sequence outside of its cache: taken out as bytes that depend on them alone,
// and put back into any cache of the same shape.
//   KvSnapshot snapshot = ExportPages(cache, pages);
//   LATHE_RETURN_IF_ERROR(ImportPages(snapshot.view(), other_cache, other_pages));
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "runtime/base/dtype.h"
#include "runtime/state/kv_cache.h"

namespace lathe {

// What two caches must have in common to hold the same pages.
struct KvShape {
  DType dtype = DType::kBF16;
  int64_t num_layers = 0;
  int64_t kv_heads = 0;
  int64_t head_dim = 0;
  int64_t page_tokens = 0;
  int64_t window = 0;

  bool operator==(const KvShape&) const = default;
};
KvShape ShapeOf(const KvGroupLayout& layout);
// "4 layers of 2 heads of 64, BF16, 64 tokens a page, no window".
std::string ShapeText(const KvShape& shape);

// Borrows its bytes: page after page, in each [layer][K part | V part] without gaps, the rows
// behind the last token zero.
struct KvSnapshotView {
  KvShape shape = {};
  int64_t first_page = 0;  // the window has let go of those before
  int64_t num_tokens = 0;  // those of these pages too
  absl::string_view bytes = {};
};

struct KvSnapshot {
  KvShape shape = {};
  int64_t first_page = 0;
  int64_t num_tokens = 0;
  std::string bytes = {};

  KvSnapshotView view() const { return {shape, first_page, num_tokens, bytes}; }
};

// The bytes of such a snapshot; none when the numbers make no sense or the product does not fit.
std::optional<uint64_t> SnapshotBytes(const KvShape& shape, int64_t first_page, int64_t num_tokens);

KvSnapshot ExportPages(const KvCache& cache, const PageList& list);

// Makes the empty `list` hold the snapshot's tokens. Errors, after which the list is empty again:
// InvalidArgument for another shape, for bytes of another length, or for pages that the window
// would still need; ResourceExhausted for more pages than are available.
absl::Status ImportPages(const KvSnapshotView& snapshot, KvCache& cache, PageList& list);

}  // namespace lathe
