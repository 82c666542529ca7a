#include "runtime/state/page_pool.h"

#include <cstring>
#include <set>

#include "test/support/status_matchers.h"

namespace lathe {
namespace {

using ::lathe::testing::StatusIs;
using ::testing::HasSubstr;

TEST(PagePoolTest, HandsOutEveryPageOnce) {
  LATHE_ASSERT_OK_AND_ASSIGN(PagePool pool, PagePool::Create(5, 4096));
  std::set<int32_t> pages;
  for (int i = 0; i < 5; ++i) pages.insert(pool.Take().value());
  EXPECT_EQ(pages, (std::set<int32_t>{0, 1, 2, 3, 4}));
  EXPECT_EQ(pool.Take(), std::nullopt);
  EXPECT_EQ(pool.num_free(), 0);
}

TEST(PagePoolTest, StartsWithPageZeroAndReusesTheWarmestPage) {
  LATHE_ASSERT_OK_AND_ASSIGN(PagePool pool, PagePool::Create(4, 64));
  EXPECT_EQ(pool.Take(), 0);
  EXPECT_EQ(pool.Take(), 1);
  pool.Give(0);
  EXPECT_EQ(pool.Take(), 0);
}

TEST(PagePoolTest, PagesDoNotOverlap) {
  LATHE_ASSERT_OK_AND_ASSIGN(PagePool pool, PagePool::Create(3, 100));
  for (int32_t page = 0; page < 3; ++page) std::memset(pool.page(page), 'a' + page, 100);
  for (int i = 0; i < 300; ++i) EXPECT_EQ(static_cast<char>(pool.base()[i]), 'a' + i / 100);
}

TEST(PagePoolTest, MovingKeepsTheMapping) {
  LATHE_ASSERT_OK_AND_ASSIGN(PagePool pool, PagePool::Create(2, 64));
  std::byte* base = pool.base();
  PagePool moved = std::move(pool);
  LATHE_ASSERT_OK_AND_ASSIGN(PagePool other, PagePool::Create(2, 64));
  other = std::move(moved);
  EXPECT_EQ(other.base(), base);
  EXPECT_EQ(other.num_free(), 2);
}

TEST(PagePoolTest, BadSizesAreRefused) {
  EXPECT_THAT(PagePool::Create(0, 64),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("must be positive")));
  EXPECT_THAT(PagePool::Create(1, -1),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("must be positive")));
  EXPECT_THAT(PagePool::Create(int64_t{1} << 40, 1),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("smaller --context")));
  EXPECT_THAT(PagePool::Create(1 << 30, int64_t{1} << 40),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("too large")));
}

TEST(PagePoolTest, TheLastHolderFreesAPage) {
  LATHE_ASSERT_OK_AND_ASSIGN(PagePool pool, PagePool::Create(2, 64));
  int32_t page = pool.Take().value();
  pool.Share(page);
  EXPECT_EQ(pool.num_holders(page), 2);
  pool.Give(page);
  EXPECT_EQ(pool.num_free(), 1);
  pool.Give(page);
  EXPECT_EQ(pool.num_free(), 2);
  EXPECT_EQ(pool.num_holders(page), 0);
}

TEST(PagePoolDeathTest, GivingBackTwiceIsABug) {
  LATHE_ASSERT_OK_AND_ASSIGN(PagePool pool, PagePool::Create(2, 64));
  int32_t page = pool.Take().value();
  pool.Give(page);
  EXPECT_DEATH(pool.Give(page), "nobody holds it");
  EXPECT_DEATH(pool.Share(page), "nobody holds it");
  EXPECT_DEATH(pool.Give(7), "page 7 of 2");
}

}  // namespace
}  // namespace lathe
