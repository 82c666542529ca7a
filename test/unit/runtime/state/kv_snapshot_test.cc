#include "runtime/state/kv_snapshot.h"

#include <algorithm>
#include <cstring>
#include <limits>
#include <random>

#include "test/support/status_matchers.h"

namespace lathe {
namespace {

using ::lathe::testing::StatusIs;
using ::testing::AllOf;
using ::testing::HasSubstr;

constexpr int64_t kPageTokens = 16;
constexpr int64_t kHeads = 3;
constexpr int64_t kDim = 4;
constexpr int64_t kLayers = 2;

struct GroupOptions {
  int64_t window = 0;
  artifact::DType dtype = artifact::F32;
  uint64_t padding = 0;  // behind each part, layer and page
};

artifact::KvCacheGroup Group(const GroupOptions& options) {
  artifact::KvCacheGroup group;
  group.set_name("kv");
  group.set_num_layers(kLayers);
  group.set_kv_heads(kHeads);
  group.set_head_dim(kDim);
  group.set_dtype(options.dtype);
  group.set_page_tokens(kPageTokens);
  group.set_window(options.window);
  const uint64_t part = kHeads * kDim * kPageTokens * (options.dtype == artifact::F32 ? 4 : 2);
  group.set_value_offset(part + options.padding);
  group.set_layer_bytes(2 * (part + options.padding));
  group.set_page_bytes(kLayers * group.layer_bytes() + options.padding);
  group.add_model_layers(0);
  group.add_model_layers(1);
  return group;
}

KvCache MakeCache(const GroupOptions& options, int64_t num_pages) {
  absl::StatusOr<KvCache> cache = KvCache::Create(Group(options), num_pages);
  EXPECT_TRUE(cache.ok()) << cache.status();
  return std::move(cache).value();
}

// All bytes of all pages, as after a long life.
void FillWithNoise(KvCache& cache, uint32_t seed) {
  std::mt19937 random(seed);
  const PagePool& pool = cache.pool();
  for (int64_t i = 0; i < pool.num_pages() * pool.page_bytes(); i += 4) {
    const uint16_t small = static_cast<uint16_t>(1 + random() % 0x3eff);  // a number, not zero
    std::memcpy(pool.base() + i, &small, 2);
    std::memcpy(pool.base() + i + 2, &small, 2);
  }
}

// A sequence of so many tokens that went through the cache page by page.
PageList Grown(KvCache& cache, int64_t num_tokens) {
  PageList list;
  while (list.length < num_tokens) {
    LATHE_EXPECT_OK(cache.Extend(list, std::min(kPageTokens, num_tokens - list.length)));
    cache.Recycle(list, list.length);
  }
  return list;
}

// What a query at position `num_tokens` sees, of every layer and part.
std::vector<float> Visible(const KvCache& cache, const PageList& list) {
  const int64_t window = cache.layout().window;
  const int64_t first = window == 0 ? 0 : std::max<int64_t>(list.length - window + 1, 0);
  std::vector<float> all;
  for (int64_t layer = 0; layer < kLayers; ++layer) {
    for (KvPart part : {KvPart::kKey, KvPart::kValue}) {
      const absl::StatusOr<std::vector<float>> read =
          cache.Read(list, layer, part, first, list.length - first);
      EXPECT_TRUE(read.ok()) << read.status();
      all.insert(all.end(), read->begin(), read->end());
    }
  }
  return all;
}

// For every length: the same keys and values in another cache, at other pages, with other gaps, and
// the same bytes out of that again.
TEST(KvSnapshotTest, GoesThroughAnyCacheOfItsShape) {
  for (artifact::DType dtype : {artifact::F32, artifact::BF16}) {
    for (int64_t window : {0, 1, 17, 40}) {
      for (int64_t num_tokens = 0; num_tokens <= 80; ++num_tokens) {
        SCOPED_TRACE(absl::StrCat("window ", window, ", ", num_tokens, " tokens"));
        KvCache from = MakeCache({.window = window, .dtype = dtype, .padding = 64}, 6);
        FillWithNoise(from, 1);
        PageList list = Grown(from, num_tokens);
        const KvSnapshot snapshot = ExportPages(from, list);
        EXPECT_EQ(snapshot.bytes.size(),
                  SnapshotBytes(snapshot.shape, snapshot.first_page, num_tokens));

        KvCache to = MakeCache({.window = window, .dtype = dtype}, 8);
        FillWithNoise(to, 2);
        PageList first = Grown(to, 20);  // so that pages have other numbers
        PageList imported;
        LATHE_ASSERT_OK(ImportPages(snapshot.view(), to, imported));
        EXPECT_EQ(imported.length, num_tokens);
        EXPECT_EQ(Visible(to, imported), Visible(from, list));
        const KvSnapshot again = ExportPages(to, imported);
        EXPECT_EQ(again.first_page, snapshot.first_page);
        EXPECT_TRUE(again.bytes == snapshot.bytes);
        to.Release(first);
        to.Release(imported);
        EXPECT_EQ(to.num_available(), 8);
      }
    }
  }
}

// What lies in a page behind the last token is another sequence's secret.
TEST(KvSnapshotTest, RowsBehindTheLastTokenAreZero) {
  for (artifact::DType dtype : {artifact::F32, artifact::BF16}) {
    for (int64_t num_tokens : {1, 7, 16, 21}) {
      KvCache cache = MakeCache({.dtype = dtype, .padding = 128}, 2);
      FillWithNoise(cache, 3);
      const PageList list = Grown(cache, num_tokens);
      const KvSnapshot snapshot = ExportPages(cache, list);
      const size_t width = dtype == artifact::F32 ? 4 : 2;
      int64_t num_zeros = 0;
      for (size_t at = 0; at < snapshot.bytes.size(); at += width)
        num_zeros += snapshot.bytes.compare(at, width, std::string(width, '\0')) == 0;
      const int64_t num_rows = cache.layout().NumPages(num_tokens) * kPageTokens - num_tokens;
      EXPECT_EQ(num_zeros, num_rows * kHeads * kDim * kLayers * 2) << num_tokens;
    }
  }
}

TEST(KvSnapshotTest, ForeignSnapshotsAreRefused) {
  KvCache from = MakeCache({}, 4);
  PageList list = Grown(from, 20);
  const KvSnapshot snapshot = ExportPages(from, list);
  KvCache to = MakeCache({}, 4);
  PageList imported;
  auto expect_refused = [&](const KvSnapshotView& view, const char* message) {
    EXPECT_THAT(ImportPages(view, to, imported),
                StatusIs(absl::StatusCode::kInvalidArgument,
                         AllOf(HasSubstr("cache group kv"), HasSubstr(message))));
    EXPECT_TRUE(imported.pages.empty());
    EXPECT_EQ(to.num_available(), 4);
  };
  KvSnapshotView view = snapshot.view();
  view.shape.head_dim = 8;
  expect_refused(view,
                 "the snapshot has 2 layers of 3 heads of 8, F32, 16 tokens a page, no window"
                 ", expected 2 layers of 3 heads of 4");
  view = snapshot.view();
  view.shape.dtype = DType::kBF16;
  expect_refused(view, "BF16");
  view = snapshot.view();
  view.bytes.remove_suffix(1);
  expect_refused(view, "bytes, expected");
  for (int64_t tokens : {int64_t{-1}, int64_t{33}, int64_t{16}, int64_t{1} << 40,
                         std::numeric_limits<int64_t>::max()}) {
    view = snapshot.view();
    view.num_tokens = tokens;
    expect_refused(view, "bytes, expected");
  }
  view = snapshot.view();
  view.first_page = -1;
  expect_refused(view, "from page -1 on");
  view.first_page = 1;
  view.bytes = view.bytes.substr(view.bytes.size() / 2);
  expect_refused(view, "begins with page 1, but the token behind it sees page 0");
}

TEST(KvSnapshotTest, AFullCacheKeepsWhatItHas) {
  KvCache from = MakeCache({}, 4);
  PageList list = Grown(from, 60);
  KvCache to = MakeCache({}, 4);
  PageList other = Grown(to, 20);
  PageList imported;
  EXPECT_THAT(ImportPages(ExportPages(from, list).view(), to, imported),
              StatusIs(absl::StatusCode::kResourceExhausted, HasSubstr("no room")));
  EXPECT_TRUE(imported.pages.empty());
  EXPECT_EQ(to.num_available(), 2);
}

TEST(KvSnapshotTest, SizesThatDoNotFitAreNone) {
  const KvShape shape = {.num_layers = int64_t{1} << 20,
                         .kv_heads = int64_t{1} << 20,
                         .head_dim = 1,
                         .page_tokens = int64_t{1} << 20};
  EXPECT_TRUE(SnapshotBytes(shape, 0, 0).has_value());
  EXPECT_EQ(SnapshotBytes(shape, 0, 1), (uint64_t{1} << 60) * 4);
  EXPECT_EQ(SnapshotBytes(shape, 0, 10 << 20), std::nullopt);
  EXPECT_EQ(SnapshotBytes({.num_layers = 0}, 0, 0), std::nullopt);
}

}  // namespace
}  // namespace lathe
