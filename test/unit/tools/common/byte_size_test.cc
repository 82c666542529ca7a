#include "tools/common/byte_size.h"

#include "test/support/status_matchers.h"

namespace lathe {
namespace {

using ::lathe::testing::StatusIs;
using ::testing::HasSubstr;

TEST(ByteSizeTest, UnitsOfTwoAndOfTen) {
  constexpr int64_t kGib = int64_t{1} << 30;
  EXPECT_EQ(ParseByteSize("0").value_or(-1), 0);
  EXPECT_EQ(ParseByteSize("4096").value_or(-1), 4096);
  EXPECT_EQ(ParseByteSize("7B").value_or(-1), 7);
  for (const char* text : {"8G", "8g", "8GiB", "8gib", "8 GiB", "8192M", "8.0G"})
    EXPECT_EQ(ParseByteSize(text).value_or(-1), 8 * kGib) << text;
  EXPECT_EQ(ParseByteSize("8GB").value_or(-1), 8'000'000'000);
  EXPECT_EQ(ParseByteSize("1.5K").value_or(-1), 1536);
  EXPECT_EQ(ParseByteSize("2T").value_or(-1), 2048 * kGib);
  EXPECT_EQ(ParseByteSize("3KB").value_or(-1), 3000);
}

TEST(ByteSizeTest, AllElseIsRefused) {
  for (const char* text : {"", "G", "-1G", "+1", "8X", "8GX", "8 G B", "1.2.3M", ".", "0x10", "nan",
                           "inf", "1e9", "4194304T", "99999999999999999999G"}) {
    EXPECT_THAT(ParseByteSize(text), StatusIs(absl::StatusCode::kInvalidArgument,
                                              HasSubstr("expected a size such as 8G")))
        << text;
  }
}

}  // namespace
}  // namespace lathe
