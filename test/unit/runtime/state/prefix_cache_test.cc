#include "runtime/state/prefix_cache.h"

#include <map>
#include <random>
#include <set>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace lathe {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using Node = PrefixCache::Node;

constexpr int64_t kPageTokens = 2;

// Every page has the same key.
Digest128 OneKey(const Digest128&, absl::Span<const int32_t>) { return {.low = 7, .high = 7}; }

// The nodes of a text of whole pages, with pages from `page` on.
std::vector<Node> Insert(PrefixCache& cache, absl::Span<const int32_t> tokens, int32_t page) {
  std::vector<Node> nodes;
  Node node = PrefixCache::kRoot;
  for (size_t begin = 0; begin < tokens.size(); begin += kPageTokens) {
    node = cache.Add(node, tokens.subspan(begin, kPageTokens)).value();
    if (cache.page(node) == PrefixCache::kNoPage) cache.SetPage(node, page++);
    nodes.push_back(node);
  }
  return nodes;
}

TEST(PrefixCacheTest, FindsTheWholePagesThatAreKnown) {
  PrefixCache cache(kPageTokens, 8);
  const std::vector<Node> nodes = Insert(cache, {1, 2, 3, 4, 5, 6}, 0);
  EXPECT_EQ(cache.Find({1, 2, 3, 4, 5, 6, 7}), nodes);
  EXPECT_THAT(cache.Find({1, 2, 3, 4, 5}), ElementsAre(nodes[0], nodes[1]));
  EXPECT_THAT(cache.Find({1, 2, 9, 9, 5, 6}), ElementsAre(nodes[0]));
  EXPECT_THAT(cache.Find({3, 4}), IsEmpty()) << "the same tokens elsewhere are another page";
  EXPECT_THAT(cache.Find({1}), IsEmpty());
  EXPECT_EQ(cache.page(nodes[2]), 2);
  EXPECT_EQ(cache.parent(nodes[2]), nodes[1]);
}

TEST(PrefixCacheTest, TextsShareTheirBeginning) {
  PrefixCache cache(kPageTokens, 8);
  const std::vector<Node> first = Insert(cache, {1, 2, 3, 4}, 0);
  const std::vector<Node> second = Insert(cache, {1, 2, 5, 6}, 2);
  EXPECT_EQ(first[0], second[0]);
  EXPECT_NE(first[1], second[1]);
  EXPECT_EQ(cache.num_nodes(), 4);
}

TEST(PrefixCacheTest, KeysDependOnAllThatComesBefore) {
  const Digest128 first = HashPage({}, {1, 2});
  EXPECT_EQ(first, HashPage({}, {1, 2}));
  EXPECT_NE(first, HashPage({}, {2, 1}));
  EXPECT_NE(HashPage(first, {3, 4}), HashPage({}, {3, 4}));
}

TEST(PrefixCacheTest, PagesWithEqualKeysAreNotTakenForEachOther) {
  PrefixCache cache(kPageTokens, 8, OneKey);
  const Node node = cache.Add(PrefixCache::kRoot, {1, 2}).value();
  cache.SetPage(node, 0);
  EXPECT_EQ(cache.Add(PrefixCache::kRoot, {1, 2}), node);
  EXPECT_EQ(cache.Add(PrefixCache::kRoot, {1, 3}), std::nullopt);
  EXPECT_EQ(cache.Add(node, {1, 2}), std::nullopt) << "the same tokens after others";
  EXPECT_THAT(cache.Find({1, 3}), IsEmpty());
  EXPECT_THAT(cache.Find({1, 2, 1, 2}), ElementsAre(node));
}

TEST(PrefixCacheTest, WhatIsIdleForLongestIsEvicted) {
  PrefixCache cache(kPageTokens, 8);
  Insert(cache, {1, 2, 3, 4}, 0);
  Insert(cache, {5, 6}, 2);
  EXPECT_EQ(cache.Evict(), std::nullopt) << "all are in use";
  for (int32_t page : {1, 0, 2}) cache.MarkIdle(page);
  cache.MarkUsed(0);
  cache.MarkUsed(0);
  EXPECT_EQ(cache.num_idle(), 2);
  EXPECT_EQ(cache.Evict(), 1);
  EXPECT_FALSE(cache.HasPage(1));
  cache.MarkIdle(0);
  EXPECT_EQ(cache.Evict(), 2);
  EXPECT_EQ(cache.Evict(), 0);
  EXPECT_EQ(cache.Evict(), std::nullopt);
  EXPECT_EQ(cache.num_nodes(), 1);
  EXPECT_EQ(cache.num_evicted(), 3);
  EXPECT_THAT(cache.Find({1, 2}), IsEmpty());
}

TEST(PrefixCacheTest, APageInUseCanBeForgotten) {
  PrefixCache cache(kPageTokens, 8);
  const std::vector<Node> nodes = Insert(cache, {1, 2, 3, 4}, 0);
  cache.Forget(1);
  EXPECT_FALSE(cache.HasPage(1));
  EXPECT_THAT(cache.Find({1, 2, 3, 4}), ElementsAre(nodes[0]));
  cache.MarkIdle(0);
  cache.Forget(0);
  EXPECT_EQ(cache.num_idle(), 0);
  EXPECT_EQ(cache.num_nodes(), 1);
  EXPECT_EQ(cache.num_evicted(), 0);
}

TEST(PrefixCacheTest, NodesOutliveTheirPagesWhileTheyAreNeeded) {
  PrefixCache cache(kPageTokens, 8);
  const std::vector<Node> nodes = Insert(cache, {1, 2, 3, 4}, 0);
  cache.MarkIdle(0);
  EXPECT_EQ(cache.Evict(), 0);
  EXPECT_EQ(cache.Find({1, 2, 3, 4}), nodes) << "a child hangs on it";
  EXPECT_EQ(cache.page(nodes[0]), PrefixCache::kNoPage);
  cache.Pin(nodes[1]);
  cache.MarkIdle(1);
  EXPECT_EQ(cache.Evict(), 1);
  EXPECT_EQ(cache.Find({1, 2, 3, 4}), nodes) << "a sequence stands on it";
  cache.SetPage(nodes[0], 5);
  cache.Unpin(nodes[1]);
  EXPECT_THAT(cache.Find({1, 2, 3, 4}), ElementsAre(nodes[0]));
  cache.MarkIdle(5);
  EXPECT_EQ(cache.Evict(), 5);
  EXPECT_EQ(cache.num_nodes(), 1);
}

TEST(PrefixCacheDeathTest, MisuseIsABug) {
  PrefixCache cache(kPageTokens, 8);
  const Node node = cache.Add(PrefixCache::kRoot, {1, 2}).value();
  cache.SetPage(node, 3);
  EXPECT_DEATH(cache.SetPage(node, 4), "has page 3 and gets page 4");
  EXPECT_DEATH(cache.MarkIdle(4), "page 4 is not known");
  EXPECT_DEATH(cache.Unpin(node), "nobody stands on");
  EXPECT_DEATH((void)cache.Add(node, {1}), "1 tokens");
  cache.MarkIdle(3);
  EXPECT_DEATH(cache.MarkIdle(3), "idle already");
}

}  // namespace
}  // namespace lathe
