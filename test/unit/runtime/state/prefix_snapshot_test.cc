#include "runtime/state/prefix_snapshot.h"

#include <cstring>
#include <random>

#include "runtime/state/prefix_reuse.h"
#include "test/support/status_matchers.h"

namespace lathe {
namespace {

using ::lathe::testing::StatusIs;
using ::testing::HasSubstr;

constexpr int64_t kPageTokens = 8;

std::vector<KvCache> MakeCaches(const std::vector<int64_t>& windows, int64_t num_pages) {
  std::vector<KvCache> caches;
  for (int64_t window : windows) {
    artifact::KvCacheGroup group;
    group.set_name(absl::StrCat("kv.", window));
    group.set_num_layers(1);
    group.set_kv_heads(2);
    group.set_head_dim(4);
    group.set_dtype(artifact::F32);
    group.set_page_tokens(kPageTokens);
    group.set_window(window);
    group.set_value_offset(2 * 4 * kPageTokens * 4);
    group.set_layer_bytes(2 * group.value_offset());
    group.set_page_bytes(group.layer_bytes());
    group.add_model_layers(0);
    absl::StatusOr<KvCache> cache = KvCache::Create(group, num_pages);
    EXPECT_TRUE(cache.ok()) << cache.status();
    caches.push_back(std::move(cache).value());
  }
  return caches;
}

std::vector<int32_t> Tokens(int64_t count, uint32_t seed) {
  std::mt19937 random(seed);
  std::vector<int32_t> tokens(static_cast<size_t>(count));
  for (int32_t& token : tokens) token = static_cast<int32_t>(random() % 1000);
  return tokens;
}

// Keys and values of a text, as if a model had computed them: numbers that depend on the token and
// its position.
void Compute(std::vector<KvCache>& caches, const std::vector<int32_t>& tokens) {
  for (KvCache& cache : caches) {
    PageList list;
    for (size_t i = 0; i < tokens.size(); ++i) {
      LATHE_ASSERT_OK(cache.Extend(list, 1));
      const auto row = static_cast<int64_t>(i) % kPageTokens;
      std::byte* page = cache.pool().page(list.pages[i / kPageTokens]);
      for (int64_t head = 0; head < 2; ++head) {
        for (KvPart part : {KvPart::kKey, KvPart::kValue}) {
          for (int64_t d = 0; d < 4; ++d) {
            const float value =
                static_cast<float>(tokens[i]) * 100 + static_cast<float>(i) + 0.25f * d;
            const int64_t element = head * 4 * kPageTokens + cache.layout().ElementOf(part, row, d);
            std::memcpy(
                page + (part == KvPart::kKey ? 0 : cache.layout().value_offset) + element * 4,
                &value, 4);
          }
        }
      }
      cache.Index(list, absl::MakeSpan(tokens).subspan(0, i + 1));
      cache.Recycle(list, list.length);
    }
    cache.Release(list);
  }
}

// What a sequence that begins with `tokens` finds: how many of them, and what their last ones are.
std::pair<int64_t, std::vector<float>> Found(std::vector<KvCache>& caches,
                                             const std::vector<int32_t>& tokens) {
  std::vector<PageList> lists(caches.size());
  const int64_t known = AttachPrefix(absl::MakeSpan(caches), absl::MakeSpan(lists), tokens,
                                     static_cast<int64_t>(tokens.size()));
  std::vector<float> all;
  for (size_t i = 0; i < caches.size(); ++i) {
    const int64_t window = caches[i].layout().window;
    const int64_t first = window == 0 ? 0 : std::max<int64_t>(known - window + 1, 0);
    for (KvPart part : {KvPart::kKey, KvPart::kValue}) {
      const std::vector<float> read =
          caches[i].Read(lists[i], 0, part, first, known - first).value();
      all.insert(all.end(), read.begin(), read.end());
    }
    caches[i].Release(lists[i]);
  }
  return {known, all};
}

// At every length of the text, with windows and without: another process finds what this one had.
TEST(PrefixSnapshotTest, IsFoundAgainElsewhere) {
  for (const std::vector<int64_t>& windows : {std::vector<int64_t>{0}, {0, 11}, {3, 0}, {20}}) {
    for (int64_t length = 0; length <= 6 * kPageTokens; ++length) {
      SCOPED_TRACE(length);
      const std::vector<int32_t> tokens = Tokens(length, 1);
      std::vector<KvCache> here = MakeCaches(windows, 10);
      Compute(here, tokens);
      const PrefixSnapshot known = ExportPrefix(absl::MakeSpan(here), tokens);
      const int64_t num_whole = length / kPageTokens * kPageTokens;
      EXPECT_EQ(known.tokens, std::vector<int32_t>(tokens.begin(), tokens.begin() + num_whole));
      std::vector<KvSnapshotView> views;
      for (const KvSnapshot& group : known.groups) views.push_back(group.view());

      std::vector<KvCache> there = MakeCaches(windows, 9);
      Compute(there, Tokens(13, 2));  // pages have other numbers and old contents
      LATHE_ASSERT_OK(ImportPrefix(known.tokens, views, absl::MakeSpan(there)));
      EXPECT_EQ(Found(there, tokens), Found(here, tokens));
      EXPECT_EQ(Found(there, tokens).first, num_whole);
      const PrefixSnapshot again = ExportPrefix(absl::MakeSpan(there), tokens);
      for (size_t i = 0; i < windows.size(); ++i) {
        EXPECT_TRUE(again.groups[i].bytes == known.groups[i].bytes) << "group " << i;
        EXPECT_EQ(there[i].num_available(), 9) << "nothing is held";
      }
    }
  }
}

TEST(PrefixSnapshotTest, OnlyWhatIsKnownIsTakenOut) {
  std::vector<KvCache> caches = MakeCaches({0}, 10);
  std::vector<int32_t> tokens = Tokens(40, 1);
  Compute(caches, tokens);
  tokens[17] += 1;
  const PrefixSnapshot known = ExportPrefix(absl::MakeSpan(caches), tokens);
  EXPECT_EQ(known.tokens.size(), 16u);
  const PrefixSnapshot none = ExportPrefix(absl::MakeSpan(caches), Tokens(40, 3));
  EXPECT_TRUE(none.tokens.empty());
}

TEST(PrefixSnapshotTest, WhatDoesNotFitChangesNothing) {
  std::vector<KvCache> here = MakeCaches({0, 0}, 10);
  const std::vector<int32_t> tokens = Tokens(40, 1);
  Compute(here, tokens);
  const PrefixSnapshot known = ExportPrefix(absl::MakeSpan(here), tokens);
  std::vector<KvSnapshotView> views = {known.groups[0].view(), known.groups[1].view()};
  std::vector<KvCache> small = MakeCaches({0, 0}, 4);
  EXPECT_THAT(ImportPrefix(known.tokens, views, absl::MakeSpan(small)),
              StatusIs(absl::StatusCode::kResourceExhausted, HasSubstr("kv.0")));
  EXPECT_EQ(Found(small, tokens).first, 0);
  EXPECT_EQ(small[0].num_available(), 4);

  std::vector<KvCache> there = MakeCaches({0, 0}, 10);
  views[1].num_tokens = 39;
  EXPECT_THAT(ImportPrefix(known.tokens, views, absl::MakeSpan(there)),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("39 tokens, expected 40")));
  views.pop_back();
  EXPECT_THAT(ImportPrefix(known.tokens, views, absl::MakeSpan(there)),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("1 cache groups")));
  EXPECT_EQ(Found(there, tokens).first, 0);
}

}  // namespace
}  // namespace lathe
