#include "runtime/state/prefix_reuse.h"

#include <numeric>

#include "test/support/status_matchers.h"

namespace lathe {
namespace {

KvCache MakeCache(int64_t page_tokens, int64_t window, int64_t num_pages) {
  artifact::KvCacheGroup group;
  group.set_name("kv");
  group.set_num_layers(1);
  group.set_kv_heads(1);
  group.set_head_dim(1);
  group.set_dtype(artifact::F32);
  group.set_page_tokens(static_cast<uint32_t>(page_tokens));
  group.set_window(window);
  group.set_value_offset(static_cast<uint64_t>(page_tokens) * 4);
  group.set_layer_bytes(static_cast<uint64_t>(page_tokens) * 8);
  group.set_page_bytes(static_cast<uint64_t>(page_tokens) * 8);
  group.add_model_layers(0);
  return KvCache::Create(group, num_pages).value();
}

class PrefixReuseTest : public ::testing::Test {
 protected:
  void Add(int64_t page_tokens, int64_t window, int64_t num_pages = 32) {
    caches_.push_back(MakeCache(page_tokens, window, num_pages));
  }

  // Computes `tokens` a page's worth at a time, as a sequence would, and lets go of all.
  void Compute(absl::Span<const int32_t> tokens) {
    std::vector<PageList> lists(caches_.size());
    for (size_t done = 0; done < tokens.size();) {
      const size_t count = std::min<size_t>(4, tokens.size() - done);
      for (size_t i = 0; i < caches_.size(); ++i) {
        caches_[i].Recycle(lists[i], static_cast<int64_t>(done));
        LATHE_ASSERT_OK(caches_[i].Extend(lists[i], static_cast<int64_t>(count)));
        caches_[i].Index(lists[i], tokens.subspan(0, done + count));
      }
      done += count;
    }
    for (size_t i = 0; i < caches_.size(); ++i) caches_[i].Release(lists[i]);
  }

  // How much of `tokens` is attached; lets go of it again.
  int64_t Attached(absl::Span<const int32_t> tokens, int64_t limit = 1000) {
    std::vector<PageList> lists(caches_.size());
    limit = std::min(limit, static_cast<int64_t>(tokens.size()));
    const int64_t length =
        AttachPrefix(absl::MakeSpan(caches_), absl::MakeSpan(lists), tokens, limit);
    for (size_t i = 0; i < caches_.size(); ++i) {
      EXPECT_EQ(lists[i].length, length);
      caches_[i].Release(lists[i]);
    }
    return length;
  }

  std::vector<KvCache> caches_;
};

std::vector<int32_t> Count(int32_t length) {
  std::vector<int32_t> tokens(static_cast<size_t>(length));
  std::iota(tokens.begin(), tokens.end(), 1);
  return tokens;
}

TEST_F(PrefixReuseTest, WholePagesBelowTheLimit) {
  Add(4, 0);
  Compute(Count(15));
  EXPECT_EQ(Attached(Count(20)), 12);
  EXPECT_EQ(Attached(Count(20), 12), 12);
  EXPECT_EQ(Attached(Count(20), 11), 8);
  EXPECT_EQ(Attached(Count(20), 0), 0);
  EXPECT_EQ(Attached({2, 3, 4, 5, 6}), 0);
  EXPECT_EQ(caches_[0].num_available(), 32);
}

TEST_F(PrefixReuseTest, LengthsFitThePagesOfAllGroups) {
  Add(4, 0);
  Add(6, 0);
  Compute(Count(40));
  EXPECT_EQ(Attached(Count(40)), 36);
  EXPECT_EQ(Attached(Count(40), 35), 24);
}

// The window's first pages were let go and used for others; its last serve a text that goes on.
TEST_F(PrefixReuseTest, AWindowNeedsOnlyItsLastPages) {
  Add(4, 0);
  Add(4, 6, /*num_pages=*/4);
  Compute(Count(41));
  EXPECT_EQ(Attached(Count(60)), 40);
  // A query at 40 sees from 35 on; one at 24 would see 19..24, which are gone.
  EXPECT_EQ(Attached(Count(60), 26), 0);
}

TEST_F(PrefixReuseTest, EvictionEndsTheLongestTextsFirst) {
  Add(4, 0, /*num_pages=*/6);
  Compute(Count(20));  // 5 pages
  Compute({7, 7, 7, 7, 7, 7, 7, 7});
  EXPECT_EQ(Attached(Count(20)), 16) << "a page was free, another made room";
}

TEST_F(PrefixReuseTest, AModelWithoutCachesRemembersNothing) { EXPECT_EQ(Attached(Count(9)), 0); }

}  // namespace
}  // namespace lathe
