#include "tools/lathe_run/interrupt.h"

#include <csignal>

#include "gtest/gtest.h"

namespace lathe {
namespace {

TEST(InterruptTest, TheFirstIsRememberedAndEachGuardStartsAnew) {
  {
    InterruptGuard guard;
    EXPECT_FALSE(guard.interrupted());
    std::raise(SIGINT);
    EXPECT_TRUE(guard.interrupted());
  }
  InterruptGuard guard;
  EXPECT_FALSE(guard.interrupted());
}

TEST(InterruptDeathTest, TheSecondEndsTheProcess) {
  EXPECT_EXIT(
      {
        InterruptGuard guard;
        std::raise(SIGINT);
        std::raise(SIGINT);
      },
      ::testing::KilledBySignal(SIGINT), "");
}

TEST(InterruptDeathTest, WithoutAGuardTheFirstDoes) {
  { InterruptGuard guard; }
  EXPECT_EXIT(std::raise(SIGINT), ::testing::KilledBySignal(SIGINT), "");
}

}  // namespace
}  // namespace lathe
