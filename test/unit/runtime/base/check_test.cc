#include "runtime/base/check.h"

#include "gtest/gtest.h"

namespace lathe {
namespace {

TEST(CheckTest, AbortsAndNamesTheBrokenPromise) {
  EXPECT_DEATH(LATHE_CHECK(1 + 1 == 3) << "sum", "broken promise: 1 \\+ 1 == 3 sum");
}

TEST(CheckTest, PassesSilently) { LATHE_CHECK(true) << "never evaluated"; }

}  // namespace
}  // namespace lathe
