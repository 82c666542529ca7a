#include "runtime/base/status_macros.h"

#include "test/support/status_matchers.h"

namespace lathe {
namespace {

absl::StatusOr<int> Positive(int x) {
  if (x <= 0) return absl::InvalidArgumentError(absl::StrCat(x, " is not positive"));
  return x;
}

absl::StatusOr<int> Sum(int a, int b) {
  LATHE_ASSIGN_OR_RETURN(int x, Positive(a), "first of ", 2);
  LATHE_ASSIGN_OR_RETURN(int y, Positive(b));
  return x + y;
}

TEST(StatusMacrosTest, AddContextAndKeepTheCode) {
  LATHE_ASSERT_OK_AND_ASSIGN(int sum, Sum(1, 2));
  EXPECT_EQ(sum, 3);
  EXPECT_THAT(Sum(-1, 2), testing::StatusIs(absl::StatusCode::kInvalidArgument,
                                            ::testing::Eq("first of 2: -1 is not positive")));
  EXPECT_THAT(Sum(1, -2), testing::StatusIs(absl::StatusCode::kInvalidArgument,
                                            ::testing::Eq("-2 is not positive")));
}

}  // namespace
}  // namespace lathe
