#include "runtime/device/cpu/page_memory.h"

#include <algorithm>
#include <utility>

#include "test/support/status_matchers.h"

namespace lathe {
namespace {

using ::lathe::testing::StatusIs;
using ::testing::AllOf;
using ::testing::HasSubstr;

TEST(PageMemoryTest, IsZeroedAlignedAndLargeEnough) {
  for (uint64_t bytes : {uint64_t{0}, uint64_t{1}, uint64_t{4096}, uint64_t{5000},
                         uint64_t{2} << 20, (uint64_t{3} << 20) + 1}) {
    LATHE_ASSERT_OK_AND_ASSIGN(PageMemory memory, PageMemory::Allocate(bytes, "a test"));
    EXPECT_GE(memory.size(), std::max<uint64_t>(bytes, 1));
    const uint64_t alignment = bytes >= (2 << 20) ? 2 << 20 : 4096;
    EXPECT_EQ(reinterpret_cast<uintptr_t>(memory.data()) % alignment, 0u);
    EXPECT_EQ(memory.size() % alignment, 0u);
    EXPECT_EQ(std::count(memory.data(), memory.data() + memory.size(), '\0'),
              static_cast<int64_t>(memory.size()));
    memory.data()[memory.size() - 1] = 1;
  }
}

TEST(PageMemoryTest, Moves) {
  LATHE_ASSERT_OK_AND_ASSIGN(PageMemory a, PageMemory::Allocate(10, "a test"));
  a.data()[0] = 'x';
  PageMemory b = std::move(a);
  EXPECT_EQ(b.data()[0], 'x');
  PageMemory c;
  c = std::move(b);
  EXPECT_EQ(c.data()[0], 'x');
}

TEST(PageMemoryTest, RefusalNamesPurposeAndSize) {
  for (uint64_t bytes : {uint64_t{1} << 46, (uint64_t{1} << 46) + 1, ~uint64_t{0}}) {
    EXPECT_THAT(PageMemory::Allocate(bytes, "the workspace"),
                StatusIs(absl::StatusCode::kResourceExhausted,
                         AllOf(HasSubstr("the workspace"), HasSubstr("TiB"))));
  }
}

}  // namespace
}  // namespace lathe
