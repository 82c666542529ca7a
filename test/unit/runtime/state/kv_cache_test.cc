#include "runtime/state/kv_cache.h"

#include <cstring>
#include <map>
#include <numeric>
#include <random>

#include "runtime/base/float_types.h"
#include "test/support/status_matchers.h"

namespace lathe {
namespace {

using ::lathe::testing::StatusIs;
using ::testing::AllOf;
using ::testing::HasSubstr;

constexpr int64_t kPageTokens = 16;

artifact::KvCacheGroup Group(int64_t window = 0, artifact::DType dtype = artifact::F32) {
  artifact::KvCacheGroup group;
  group.set_name("kv");
  group.set_num_layers(2);
  group.set_kv_heads(3);
  group.set_head_dim(4);
  group.set_dtype(dtype);
  group.set_page_tokens(kPageTokens);
  group.set_window(window);
  uint64_t part = 3 * 4 * kPageTokens * (dtype == artifact::F32 ? 4 : 2);
  group.set_value_offset(part);
  group.set_layer_bytes(2 * part);
  group.set_page_bytes(4 * part);
  group.add_model_layers(1);
  group.add_model_layers(3);
  return group;
}

KvCache MakeCache(int64_t num_pages, int64_t window = 0) {
  absl::StatusOr<KvCache> cache = KvCache::Create(Group(window), num_pages);
  EXPECT_TRUE(cache.ok()) << cache.status();
  return std::move(cache).value();
}

TEST(KvCacheTest, ExtendTakesPagesAsTokensCrossTheirBorders) {
  KvCache cache = MakeCache(4);
  PageList list;
  LATHE_ASSERT_OK(cache.Extend(list, kPageTokens - 1));
  EXPECT_EQ(list.pages.size(), 1);
  LATHE_ASSERT_OK(cache.Extend(list, 1));
  EXPECT_EQ(list.pages.size(), 1);
  LATHE_ASSERT_OK(cache.Extend(list, 1));
  EXPECT_EQ(list.pages.size(), 2);
  EXPECT_EQ(list.length, kPageTokens + 1);
  LATHE_ASSERT_OK(cache.Extend(list, 0));
  EXPECT_EQ(cache.pool().num_free(), 2);
}

TEST(KvCacheTest, ExhaustionNamesTheNumbersAndChangesNothing) {
  KvCache cache = MakeCache(2);
  PageList list;
  LATHE_ASSERT_OK(cache.Extend(list, 5));
  EXPECT_THAT(
      cache.Extend(list, 2 * kPageTokens),
      StatusIs(
          absl::StatusCode::kResourceExhausted,
          AllOf(
              HasSubstr("cache group kv has no room for 32 more tokens: 2 more pages of 16 tokens"),
              HasSubstr("1 of 2 are available, 1 are held already; raise --context"))));
  EXPECT_EQ(list.length, 5);
  EXPECT_EQ(list.pages.size(), 1);
  LATHE_EXPECT_OK(cache.Extend(list, kPageTokens));
}

TEST(KvCacheTest, ReleaseIsIdempotent) {
  KvCache cache = MakeCache(4);
  PageList list;
  LATHE_ASSERT_OK(cache.Extend(list, 20));
  EXPECT_EQ(cache.num_available(), 2);
  cache.Release(list);
  cache.Release(list);
  EXPECT_EQ(cache.pool().num_free(), 4);
  EXPECT_EQ(cache.num_available(), 4);
  EXPECT_EQ(list.length, 0);
}

TEST(KvCacheTest, TruncateReturnsPages) {
  KvCache cache = MakeCache(4);
  PageList list;
  LATHE_ASSERT_OK(cache.Extend(list, 40));
  LATHE_ASSERT_OK(cache.Truncate(list, 25));
  EXPECT_EQ(list.length, 15);
  EXPECT_EQ(list.pages.size(), 1);
  EXPECT_EQ(cache.num_available(), 3);
  LATHE_ASSERT_OK(cache.Truncate(list, 15));
  EXPECT_TRUE(list.pages.empty());
  EXPECT_THAT(cache.Truncate(list, 1),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("cannot take back 1 tokens of a sequence of 0")));
}

TEST(KvCacheTest, WindowsRecycleOldPagesAndRefuseToGoBackToThem) {
  KvCache cache = MakeCache(3, /*window=*/20);
  PageList list;
  for (int64_t position = 0; position < 200; ++position) {
    cache.Recycle(list, position);
    LATHE_ASSERT_OK(cache.Extend(list, 1));
    EXPECT_LE(list.num_held(), cache.layout().PagesFor(200, 1));
    // The query at `position` sees position - 19 .. position: those pages are held.
    EXPECT_LE(list.num_recycled * kPageTokens, std::max<int64_t>(position - 19, 0));
  }
  EXPECT_EQ(list.pages.size(), 13);  // rows keep absolute page numbers
  EXPECT_EQ(list.pages[0], 0);
  EXPECT_EQ(list.num_recycled, 11);          // 199 - 19 = 180: token 176 starts page 11
  LATHE_EXPECT_OK(cache.Truncate(list, 4));  // the next query, at 196, sees 177..196
  EXPECT_THAT(cache.Truncate(list, 2),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       AllOf(HasSubstr("cannot go back to 194 tokens"), HasSubstr("before 176"))));
  EXPECT_THAT(
      cache.Read(list, 0, KvPart::kKey, 175, 1),
      StatusIs(absl::StatusCode::kInvalidArgument,
               HasSubstr("has let go of the tokens before 176, so token 175 cannot be read")));
  LATHE_EXPECT_OK(cache.Read(list, 0, KvPart::kKey, 176, list.length - 176));
  cache.Release(list);
  EXPECT_EQ(cache.pool().num_free(), 3);
}

TEST(KvCacheTest, ReadUndoesThePageLayout) {
  for (artifact::DType dtype : {artifact::F32, artifact::BF16, artifact::F16}) {
    LATHE_ASSERT_OK_AND_ASSIGN(KvCache cache, KvCache::Create(Group(0, dtype), 4));
    PageList other;
    PageList list;
    LATHE_ASSERT_OK(cache.Extend(other, 1));  // so that the list's pages do not start at 0
    LATHE_ASSERT_OK(cache.Extend(list, 20));
    auto expected = [](int64_t layer, int64_t part, int64_t head, int64_t t, int64_t d) {
      return static_cast<float>((((layer * 2 + part) * 3 + head) * 4 + d) * 2 + (t % 2)) *
             (t < 16 ? 1.0f : -1.0f);
    };
    const KvGroupLayout& layout = cache.layout();
    size_t size = ByteSize(layout.dtype);
    for (int64_t layer = 0; layer < 2; ++layer) {
      for (int64_t part = 0; part < 2; ++part) {
        for (int64_t head = 0; head < 3; ++head) {
          for (int64_t t = 0; t < 20; ++t) {
            for (int64_t d = 0; d < 4; ++d) {
              std::byte* base =
                  cache.pool().page(list.pages[static_cast<size_t>(t / kPageTokens)]) +
                  layer * layout.layer_bytes + part * layout.value_offset;
              int64_t row = t % kPageTokens;
              // [head][d / p][token][p] and [head][token / p][d][p]
              const int64_t p = dtype == artifact::F32 ? 1 : 2;
              int64_t index = part == 0 ? ((head * 4 + d) / p * kPageTokens + row) * p + d % p
                                        : ((head * kPageTokens + row) / p * 4 + d) * p + row % p;
              float value = expected(layer, part, head, t, d);
              uint16_t narrow = dtype == artifact::BF16 ? F32ToBF16(value) : F32ToF16(value);
              const void* bytes =
                  dtype == artifact::F32 ? static_cast<const void*>(&value) : &narrow;
              std::memcpy(base + static_cast<size_t>(index) * size, bytes, size);
            }
          }
        }
      }
    }
    for (int64_t layer = 0; layer < 2; ++layer) {
      for (int64_t part = 0; part < 2; ++part) {
        LATHE_ASSERT_OK_AND_ASSIGN(
            std::vector<float> read,
            cache.Read(list, layer, part == 0 ? KvPart::kKey : KvPart::kValue, 0, 20));
        ASSERT_EQ(read.size(), 3 * 20 * 4);
        LATHE_ASSERT_OK_AND_ASSIGN(
            std::vector<float> rows,
            cache.Read(list, layer, part == 0 ? KvPart::kKey : KvPart::kValue, 15, 3));
        ASSERT_EQ(rows.size(), 3 * 3 * 4);
        EXPECT_EQ(rows[4 * 3 + 1], expected(layer, part, 1, 15, 1));
        for (int64_t i = 0; i < 3 * 20 * 4; ++i) {
          ASSERT_EQ(read[static_cast<size_t>(i)], expected(layer, part, i / 80, i / 4 % 20, i % 4))
              << i;
        }
      }
    }
  }
}

std::vector<int32_t> Text(int64_t length, int32_t first = 0) {
  std::vector<int32_t> tokens(static_cast<size_t>(length));
  std::iota(tokens.begin(), tokens.end(), first);
  return tokens;
}

TEST(KvCacheTest, IndexedPagesAreFoundWhileInUseAndAfter) {
  KvCache cache = MakeCache(8);
  PageList first;
  LATHE_ASSERT_OK(cache.Extend(first, 40));
  cache.Index(first, Text(15));
  EXPECT_TRUE(cache.Find(Text(40)).nodes.empty()) << "no page is full";
  cache.Index(first, Text(40));
  for (bool is_released : {false, true}) {
    if (is_released) cache.Release(first);
    const KvCache::Prefix known = cache.Find(Text(40));
    EXPECT_EQ(known.nodes.size(), 2);
    EXPECT_TRUE(cache.Covers(known, 32));
    EXPECT_TRUE(cache.Covers(known, 16));
    EXPECT_FALSE(cache.Covers(known, 40)) << "no whole page";
    EXPECT_FALSE(cache.Covers(known, 48));
    PageList second;
    cache.Attach(second, known, 32);
    EXPECT_EQ(second.length, 32);
    EXPECT_EQ(cache.num_available(), is_released ? 6 : 5);
    LATHE_ASSERT_OK(cache.Extend(second, 1));
    EXPECT_EQ(second.pages.size(), 3);
    cache.Release(second);
    EXPECT_EQ(cache.num_available(), is_released ? 8 : 5);
  }
  EXPECT_EQ(cache.pool().num_free(), 6) << "two pages are remembered";
}

TEST(KvCacheTest, TwoThatComputeTheSameShareItAfterwards) {
  KvCache cache = MakeCache(4);
  PageList first;
  PageList second;
  LATHE_ASSERT_OK(cache.Extend(first, 20));
  LATHE_ASSERT_OK(cache.Extend(second, 20));
  cache.Index(first, Text(20));
  cache.Index(second, Text(20));
  EXPECT_EQ(first.pages[0], second.pages[0]);
  EXPECT_NE(first.pages[1], second.pages[1]);
  EXPECT_EQ(cache.num_available(), 1);
  cache.Release(first);
  EXPECT_EQ(cache.num_available(), 2);
  cache.Release(second);
  EXPECT_EQ(cache.num_available(), 4);
}

TEST(KvCacheTest, ASharedPageIsCopiedBeforeItIsWritten) {
  KvCache cache = MakeCache(4);
  PageList list;
  LATHE_ASSERT_OK(cache.Extend(list, 32));
  std::memset(cache.pool().page(list.pages[1]), 'x', 64);
  cache.Index(list, Text(32));
  LATHE_ASSERT_OK(cache.Truncate(list, 6));
  EXPECT_EQ(list.num_indexed, 1);
  const int32_t known = list.pages[1];
  LATHE_ASSERT_OK(cache.Extend(list, 2));
  EXPECT_NE(list.pages[1], known);
  EXPECT_EQ(std::memcmp(cache.pool().page(list.pages[1]), cache.pool().page(known), 64), 0);
  EXPECT_EQ(cache.Find(Text(32)).nodes.size(), 2) << "the old page is still what it was";
  EXPECT_EQ(cache.num_available(), 2);
  // The new one holds another text now.
  std::vector<int32_t> other = Text(32);
  other[30] = 99;
  LATHE_ASSERT_OK(cache.Extend(list, 4));
  cache.Index(list, other);
  EXPECT_EQ(cache.Find(other).nodes.size(), 2);
  EXPECT_EQ(cache.Find(Text(32)).nodes.size(), 2);
  cache.Release(list);
  EXPECT_EQ(cache.num_available(), 4);
}

TEST(KvCacheTest, ACopyNeedsRoom) {
  KvCache cache = MakeCache(2);
  PageList list;
  LATHE_ASSERT_OK(cache.Extend(list, 32));
  cache.Index(list, Text(32));
  PageList other;
  cache.Attach(other, cache.Find(Text(32)), 32);
  LATHE_ASSERT_OK(cache.Truncate(list, 1));
  EXPECT_THAT(cache.Extend(list, 1),
              StatusIs(absl::StatusCode::kResourceExhausted, HasSubstr("1 more pages of 16")));
  EXPECT_EQ(list.length, 31);
}

TEST(KvCacheTest, ForksShareAllAndCopyTheirLastPageWhenOneWrites) {
  KvCache cache = MakeCache(6);
  PageList parent;
  LATHE_ASSERT_OK(cache.Extend(parent, 40));
  std::memset(cache.pool().page(parent.pages[2]), 'x', 64);
  cache.Index(parent, Text(40));
  PageList fork;
  PageList other;
  cache.Fork(fork, parent, 39);
  cache.Fork(other, parent, 39);
  EXPECT_EQ(fork.pages, parent.pages);
  EXPECT_EQ(fork.num_indexed, 2);
  EXPECT_EQ(cache.num_available(), 3);
  EXPECT_TRUE(cache.MustCopyLastPage(fork));
  LATHE_ASSERT_OK(cache.Extend(fork, 1));
  EXPECT_NE(fork.pages[2], parent.pages[2]);
  EXPECT_EQ(std::memcmp(cache.pool().page(fork.pages[2]), cache.pool().page(parent.pages[2]), 64),
            0);
  LATHE_ASSERT_OK(cache.Extend(parent, 1));
  EXPECT_FALSE(cache.MustCopyLastPage(other)) << "the last to write has the page alone";
  LATHE_ASSERT_OK(cache.Extend(other, 1));
  EXPECT_EQ(cache.num_available(), 1);
  for (PageList* list : {&parent, &fork, &other}) cache.Release(*list);
  EXPECT_EQ(cache.num_available(), 6);
}

TEST(KvCacheTest, AForkInsideAPageThatIsKnownByNow) {
  KvCache cache = MakeCache(3);
  PageList parent;
  LATHE_ASSERT_OK(cache.Extend(parent, 40));
  cache.Index(parent, Text(40));
  PageList fork;
  cache.Fork(fork, parent, 20);
  EXPECT_EQ(fork.pages.size(), 2);
  EXPECT_EQ(fork.num_indexed, 1);
  EXPECT_THAT(cache.Extend(fork, 1),
              StatusIs(absl::StatusCode::kResourceExhausted, HasSubstr("1 more pages of 16")));
  cache.Release(parent);
  PageList filler;
  LATHE_ASSERT_OK(cache.Extend(filler, 16));
  // Nobody else uses the page and there is none for a copy: it is forgotten and written.
  LATHE_ASSERT_OK(cache.Extend(fork, 1));
  EXPECT_EQ(cache.Find(Text(40)).nodes.size(), 1);
  cache.Release(fork);
  cache.Release(filler);
  EXPECT_EQ(cache.num_available(), 3);
}

TEST(KvCacheTest, AWindowThatMovedOnCannotBeForked) {
  KvCache cache = MakeCache(6, /*window=*/20);
  PageList parent;
  LATHE_ASSERT_OK(cache.Extend(parent, 50));
  EXPECT_TRUE(cache.CanFork(parent, 50));
  EXPECT_FALSE(cache.CanFork(parent, 51));
  PageList fork;
  cache.Fork(fork, parent, 50);
  EXPECT_EQ(fork.num_recycled, 1) << "the query at 50 sees from 31 on";
  EXPECT_EQ(fork.num_held(), 3);
  cache.Recycle(parent, 60);
  EXPECT_EQ(parent.num_recycled, 2);
  EXPECT_FALSE(cache.CanFork(parent, 50));
  cache.Release(parent);
  cache.Release(fork);
  EXPECT_EQ(cache.num_available(), 6);
}

TEST(KvCacheTest, WhatIsSavedComesBack) {
  for (int64_t window : {0, 20}) {
    KvCache cache = MakeCache(8, window);
    PageList list;
    LATHE_ASSERT_OK(cache.Extend(list, 40));
    cache.Index(list, Text(40));
    cache.Recycle(list, 40);  // with the window, the query at 40 sees from 21 on
    for (size_t i = 1; i < 3; ++i)
      std::memset(cache.pool().page(list.pages[i]), 'a' + static_cast<int>(i), 64);
    const SavedPages saved = cache.Save(list);
    EXPECT_EQ(saved.length, 40);
    EXPECT_EQ(saved.first_page, window == 0 ? 0 : 1);
    cache.Release(list);
    // Others take all pages but one, and what was known is forgotten.
    PageList other;
    LATHE_ASSERT_OK(cache.Extend(other, 112));
    EXPECT_THAT(cache.Restore(list, saved, {}, 0),
                StatusIs(absl::StatusCode::kResourceExhausted,
                         HasSubstr("no room for 40 tokens that were copied out")));
    EXPECT_TRUE(list.pages.empty());
    LATHE_ASSERT_OK(cache.Truncate(other, 64));
    EXPECT_THAT(cache.Restore(list, saved, {}, 4),
                StatusIs(absl::StatusCode::kResourceExhausted, HasSubstr("5 of 8 are available")));
    LATHE_ASSERT_OK(cache.Restore(list, saved, {}, 2));
    EXPECT_EQ(list.length, 40);
    EXPECT_EQ(list.num_held(), window == 0 ? 3 : 2);
    for (size_t i = 1; i < 3; ++i) {
      const std::byte* page = cache.pool().page(list.pages[i]);
      EXPECT_EQ(page[0], static_cast<std::byte>('a' + i));
      EXPECT_EQ(page[63], static_cast<std::byte>('a' + i));
    }
    cache.Index(list, Text(40));
    EXPECT_EQ(list.num_indexed, 2);
    cache.Release(list);
    cache.Release(other);
    EXPECT_EQ(cache.num_available(), 8);
  }
}

// Pages that others still hold are not needed twice.
TEST(KvCacheTest, WhatIsStillKnownIsSharedInsteadOfCopiedBack) {
  KvCache cache = MakeCache(3);
  PageList first;
  LATHE_ASSERT_OK(cache.Extend(first, 32));
  cache.Index(first, Text(32));
  PageList second;
  cache.Attach(second, cache.Find(Text(32)), 32);
  LATHE_ASSERT_OK(cache.Extend(second, 4));
  const SavedPages saved = cache.Save(second);
  cache.Release(second);
  EXPECT_EQ(cache.num_available(), 1);
  LATHE_ASSERT_OK(cache.Restore(second, saved, Text(36), 0));
  EXPECT_EQ(second.pages[0], first.pages[0]);
  EXPECT_EQ(second.pages[1], first.pages[1]);
  cache.Index(second, Text(36));
  EXPECT_EQ(second.num_indexed, 2);
  cache.Release(first);
  cache.Release(second);
  EXPECT_EQ(cache.num_available(), 3);
}

// Texts of few different tokens come, go on, go back and end in a pool that is far too small: what
// a page's first float says is its text, whoever sees it, and every page has its holders.
TEST(KvCacheTest, SharedPagesHoldTheirTextUnderRandomUse) {
  for (int64_t window : {0, 1, 20, 64}) {
    std::mt19937_64 random(static_cast<uint64_t>(5 + window));
    auto below = [&random](int64_t n) {
      return static_cast<int64_t>(random() % static_cast<uint64_t>(n));
    };
    struct User {
      PageList list;
      std::vector<int32_t> tokens;
    };
    KvCache cache = MakeCache(20, window);
    std::vector<User> users(6);
    auto page_of = [&](const User& user, int64_t t) {
      return reinterpret_cast<int32_t*>(
          cache.pool().page(user.list.pages[static_cast<size_t>(t / kPageTokens)]));
    };
    int64_t num_attached = 0;
    for (int round = 0; round < 700; ++round) {
      User& user = users[static_cast<size_t>(below(6))];
      switch (below(9)) {
        case 0:
          cache.Release(user.list);
          user.tokens.clear();
          break;
        case 1:
        case 2: {
          if (!user.tokens.empty()) break;
          const std::vector<int32_t>& other = users[static_cast<size_t>(below(6))].tokens;
          const KvCache::Prefix known = cache.Find(other);
          int64_t length = static_cast<int64_t>(known.nodes.size()) * kPageTokens;
          while (!cache.Covers(known, length)) length -= kPageTokens;
          cache.Attach(user.list, known, length);
          user.tokens.assign(other.begin(), other.begin() + length);
          num_attached += length;
          break;
        }
        case 3: {
          const int64_t back = below(std::min<int64_t>(user.list.length, 40) + 1);
          if (cache.Truncate(user.list, back).ok())
            user.tokens.resize(static_cast<size_t>(user.list.length));
          break;
        }
        case 4: {
          const SavedPages saved = cache.Save(user.list);
          cache.Release(user.list);
          if (below(2) == 0 || !cache.Restore(user.list, saved, user.tokens, 0).ok()) {
            user.tokens.clear();
            break;
          }
          cache.Index(user.list, user.tokens);
          break;
        }
        default: {
          cache.Recycle(user.list, user.list.length);
          const int64_t from = user.list.length;
          if (!cache.Extend(user.list, 1 + below(24)).ok()) break;
          for (int64_t t = from; t < user.list.length; ++t) {
            user.tokens.push_back(static_cast<int32_t>(t % 5 == 0 ? below(2) : t));
            page_of(user, t)[t % kPageTokens] = user.tokens.back();
          }
          cache.Index(user.list, user.tokens);
        }
      }
      std::map<int32_t, int32_t> holders;
      for (const User& each : users) {
        const PageList& list = each.list;
        ASSERT_EQ(list.length, static_cast<int64_t>(each.tokens.size()));
        for (int64_t t = list.num_recycled * kPageTokens; t < list.length; ++t)
          ASSERT_EQ(page_of(each, t)[t % kPageTokens], each.tokens[static_cast<size_t>(t)]);
        for (size_t p = static_cast<size_t>(list.num_recycled); p < list.pages.size(); ++p)
          ++holders[list.pages[p]];
      }
      int64_t num_free = 0;
      int64_t num_idle = 0;
      for (int32_t page = 0; page < 20; ++page) {
        const bool is_known = cache.prefix_cache().HasPage(page);
        ASSERT_EQ(cache.pool().num_holders(page), holders[page] + (is_known ? 1 : 0));
        if (holders[page] == 0) ++(is_known ? num_idle : num_free);
      }
      ASSERT_EQ(cache.pool().num_free(), num_free);
      ASSERT_EQ(cache.prefix_cache().num_idle(), num_idle);
    }
    for (User& user : users) cache.Release(user.list);
    EXPECT_EQ(cache.num_available(), 20);
    EXPECT_GT(num_attached, 0);
    EXPECT_GT(cache.prefix_cache().num_evicted(), 0);
    EXPECT_LE(cache.prefix_cache().num_nodes(), window == 0 ? 21 : 200);
  }
}

}  // namespace
}  // namespace lathe
