#include "runtime/state/kv_snapshot.h"

#include <algorithm>
#include <cstring>
#include <limits>

#include "absl/strings/str_cat.h"
#include "runtime/base/check.h"
#include "runtime/base/status_macros.h"

namespace lathe {
namespace {

// The K part or the V part of one layer of a page.
uint64_t PartBytes(const KvShape& shape) {
  return static_cast<uint64_t>(shape.kv_heads * shape.head_dim * shape.page_tokens) *
         ByteSize(shape.dtype);
}

uint64_t PageBytes(const KvShape& shape) {
  return 2 * static_cast<uint64_t>(shape.num_layers) * PartBytes(shape);
}

// Where a part begins in a page of the cache.
int64_t PartOffset(const KvGroupLayout& layout, int64_t layer, KvPart part) {
  return layer * layout.layer_bytes + (part == KvPart::kKey ? 0 : layout.value_offset);
}

// Whatever another sequence left in the rows from `num_rows` on.
void ClearRows(const KvGroupLayout& layout, KvPart part, int64_t num_rows, char* bytes) {
  const auto width = static_cast<int64_t>(ByteSize(layout.dtype));
  for (int64_t head = 0; head < layout.kv_heads; ++head) {
    char* first = bytes + head * layout.head_dim * layout.page_tokens * width;
    for (int64_t row = num_rows; row < layout.page_tokens; ++row) {
      for (int64_t component = 0; component < layout.head_dim; ++component) {
        std::memset(first + layout.ElementOf(part, row, component) * width, 0,
                    static_cast<size_t>(width));
      }
    }
  }
}

// Calls visit(part, where it lies in the cache's page, where in the snapshot's) for each part.
template <typename Visitor>
void ForEachPart(const KvGroupLayout& layout, const Visitor& visit) {
  const uint64_t part_bytes = PartBytes(ShapeOf(layout));
  uint64_t at = 0;
  for (int64_t layer = 0; layer < layout.num_layers; ++layer) {
    for (KvPart part : {KvPart::kKey, KvPart::kValue}) {
      visit(part, PartOffset(layout, layer, part), at);
      at += part_bytes;
    }
  }
}

int64_t FirstVisiblePage(const KvShape& shape, int64_t position) {
  if (shape.window == 0) return 0;
  return std::max<int64_t>(position - shape.window + 1, 0) / shape.page_tokens;
}

absl::Status CheckSnapshot(const KvSnapshotView& snapshot, const KvGroupLayout& layout) {
  const KvShape shape = ShapeOf(layout);
  if (!(snapshot.shape == shape)) {
    return absl::InvalidArgumentError(absl::StrCat("the snapshot has ", ShapeText(snapshot.shape),
                                                   ", expected ", ShapeText(shape)));
  }
  const std::optional<uint64_t> expected =
      SnapshotBytes(shape, snapshot.first_page, snapshot.num_tokens);
  if (expected != snapshot.bytes.size()) {
    return absl::InvalidArgumentError(absl::StrCat(
        "the snapshot has ", snapshot.bytes.size(), " bytes, expected ", expected.value_or(0),
        " for ", snapshot.num_tokens, " tokens from page ", snapshot.first_page, " on"));
  }
  const int64_t first = FirstVisiblePage(shape, snapshot.num_tokens);
  if (snapshot.first_page <= first) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat("the snapshot begins with page ",
                                                 snapshot.first_page,
                                                 ", but the token behind it sees page ", first));
}

// Room page by page, each let go of when it is older than the snapshot's first, so that a window's
// pages need not all be there at once.
absl::Status Grow(const KvSnapshotView& snapshot, KvCache& cache, PageList& list) {
  const int64_t page_tokens = snapshot.shape.page_tokens;
  while (list.length < snapshot.num_tokens) {
    const int64_t tokens = std::min(page_tokens, snapshot.num_tokens - list.length);
    LATHE_RETURN_IF_ERROR(cache.Extend(list, tokens));
    cache.Recycle(list, list.length);
  }
  return absl::OkStatus();
}

}  // namespace

KvShape ShapeOf(const KvGroupLayout& layout) {
  return {.dtype = layout.dtype,
          .num_layers = layout.num_layers,
          .kv_heads = layout.kv_heads,
          .head_dim = layout.head_dim,
          .page_tokens = layout.page_tokens,
          .window = layout.window};
}

std::string ShapeText(const KvShape& shape) {
  return absl::StrCat(shape.num_layers, " layers of ", shape.kv_heads, " heads of ", shape.head_dim,
                      ", ", DTypeName(shape.dtype), ", ", shape.page_tokens, " tokens a page, ",
                      shape.window > 0 ? absl::StrCat("window ", shape.window) : "no window");
}

std::optional<uint64_t> SnapshotBytes(const KvShape& shape, int64_t first_page,
                                      int64_t num_tokens) {
  uint64_t bytes = 2 * ByteSize(shape.dtype);
  for (int64_t extent : {shape.num_layers, shape.kv_heads, shape.head_dim, shape.page_tokens}) {
    if (extent <= 0 || __builtin_mul_overflow(bytes, static_cast<uint64_t>(extent), &bytes))
      return std::nullopt;
  }
  // Positions are int32.
  if (first_page < 0 || num_tokens < 0 || num_tokens > std::numeric_limits<int32_t>::max())
    return std::nullopt;
  const int64_t num_pages =
      num_tokens / shape.page_tokens + (num_tokens % shape.page_tokens != 0 ? 1 : 0);
  if (num_pages < first_page ||
      __builtin_mul_overflow(bytes, static_cast<uint64_t>(num_pages - first_page), &bytes))
    return std::nullopt;
  return bytes;
}

KvSnapshot ExportPages(const KvCache& cache, const PageList& list) {
  const KvGroupLayout& layout = cache.layout();
  KvSnapshot snapshot{
      .shape = ShapeOf(layout), .first_page = list.num_recycled, .num_tokens = list.length};
  const uint64_t page_bytes = PageBytes(snapshot.shape);
  const uint64_t part_bytes = PartBytes(snapshot.shape);
  snapshot.bytes.resize(static_cast<size_t>(list.num_held()) * page_bytes);
  char* dst = snapshot.bytes.data();
  for (int64_t page = list.num_recycled; page < static_cast<int64_t>(list.pages.size()); ++page) {
    const std::byte* src = cache.pool().page(list.pages[static_cast<size_t>(page)]);
    const int64_t num_rows = std::min(layout.page_tokens, list.length - page * layout.page_tokens);
    ForEachPart(layout, [&](KvPart part, int64_t from, uint64_t to) {
      std::memcpy(dst + to, src + from, part_bytes);
      if (num_rows < layout.page_tokens) ClearRows(layout, part, num_rows, dst + to);
    });
    dst += page_bytes;
  }
  return snapshot;
}

absl::Status ImportPages(const KvSnapshotView& snapshot, KvCache& cache, PageList& list) {
  LATHE_CHECK(list.pages.empty()) << "the list is in use";
  const KvGroupLayout& layout = cache.layout();
  LATHE_RETURN_IF_ERROR(CheckSnapshot(snapshot, layout), "cache group ", layout.name);
  const absl::Status grown = Grow(snapshot, cache, list);
  if (!grown.ok()) {
    cache.Release(list);
    return grown;
  }
  const uint64_t page_bytes = PageBytes(snapshot.shape);
  const uint64_t part_bytes = PartBytes(snapshot.shape);
  for (auto page = static_cast<size_t>(list.num_recycled); page < list.pages.size(); ++page) {
    const uint64_t index = page - static_cast<uint64_t>(snapshot.first_page);
    const char* src = snapshot.bytes.data() + index * page_bytes;
    std::byte* dst = cache.pool().page(list.pages[page]);
    ForEachPart(layout, [&](KvPart, int64_t to, uint64_t from) {
      std::memcpy(dst + to, src + from, part_bytes);
    });
  }
  return absl::OkStatus();
}

}  // namespace lathe
