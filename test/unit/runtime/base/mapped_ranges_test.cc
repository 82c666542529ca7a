#include "runtime/base/mapped_ranges.h"

#include <vector>

#include "gtest/gtest.h"
#include "runtime/base/mapped_file.h"
#include "test/support/data.h"
#include "test/support/status_matchers.h"

namespace lathe {
namespace {

TEST(MappedRangesTest, AnAddressNamesItsFileAsLongAsThatIsMapped) {
  const std::string path = testing::TempDir() + "/file";
  testing::WriteFileOrDie(path, "some bytes");
  const char* data = nullptr;
  {
    LATHE_ASSERT_OK_AND_ASSIGN(MappedFile file, MappedFile::Open(path));
    data = file.bytes().data();
    const MappedPlace place = FindMapping(data + 3);
    ASSERT_NE(place.path, nullptr);
    EXPECT_EQ(std::string(place.path), path);
    EXPECT_EQ(place.offset, 3u);
    EXPECT_EQ(FindMapping(data + file.bytes().size()).path, nullptr);
    // Moving moves no mapping.
    MappedFile moved = std::move(file);
    EXPECT_NE(FindMapping(data).path, nullptr);
  }
  EXPECT_EQ(FindMapping(data).path, nullptr);
}

TEST(MappedRangesTest, MoreThanAreRememberedCostNothingButTheName) {
  std::vector<char> bytes(kMaxMappedRanges + 8);
  for (char& byte : bytes) RememberMapping(&byte, 1, "f");
  EXPECT_NE(FindMapping(&bytes.front()).path, nullptr);
  EXPECT_EQ(FindMapping(&bytes.back()).path, nullptr);
  for (char& byte : bytes) ForgetMapping(&byte);
  EXPECT_EQ(FindMapping(&bytes.front()).path, nullptr);
  // Every slot is free again.
  for (size_t i = 0; i < kMaxMappedRanges; ++i) RememberMapping(&bytes[i], 1, "f");
  EXPECT_NE(FindMapping(&bytes[kMaxMappedRanges - 1]).path, nullptr);
  for (size_t i = 0; i < kMaxMappedRanges; ++i) ForgetMapping(&bytes[i]);
}

}  // namespace
}  // namespace lathe
