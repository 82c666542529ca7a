#include "tools/lathe_run/interrupt.h"

#include <poll.h>

#include <csignal>

#include "gtest/gtest.h"

namespace lathe {
namespace {

bool IsAwake(const InterruptGuard& guard) {
  pollfd wait = {guard.wake_descriptor(), POLLIN, 0};
  return ::poll(&wait, 1, 0) == 1;
}

TEST(InterruptTest, TheFirstIsRememberedAndEachGuardStartsAnew) {
  {
    InterruptGuard guard;
    EXPECT_FALSE(guard.interrupted());
    EXPECT_FALSE(IsAwake(guard));
    std::raise(SIGINT);
    EXPECT_TRUE(guard.interrupted());
    EXPECT_TRUE(IsAwake(guard));
  }
  InterruptGuard guard;
  EXPECT_FALSE(guard.interrupted());
  EXPECT_FALSE(IsAwake(guard));
}

TEST(InterruptTest, EachMayBeRememberedAndForgotten) {
  InterruptGuard guard(InterruptGuard::Second::kIsRemembered);
  for (int i = 0; i < 3; ++i) {
    std::raise(SIGINT);
    std::raise(SIGINT);
    EXPECT_TRUE(guard.interrupted());
    EXPECT_TRUE(IsAwake(guard));
    guard.Forget();
    EXPECT_FALSE(guard.interrupted());
    EXPECT_FALSE(IsAwake(guard));
  }
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
