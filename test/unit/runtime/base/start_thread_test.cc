#include "runtime/base/start_thread.h"

#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>

#include "gtest/gtest.h"
#include "test/support/sanitizer.h"

namespace lathe {
namespace {

TEST(StartThreadTest, AThreadRuns) {
  std::vector<std::thread> threads;
  std::atomic<int> done = 0;
  ASSERT_TRUE(StartThread(threads, [&] { ++done; }));
  ASSERT_TRUE(StartThread(threads, [&] { ++done; }));
  ASSERT_EQ(threads.size(), 2u);
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(done, 2);
}

constexpr size_t kMost = 256;

// Ends the process with 0 if threads start until there is no room for another, and the list then
// holds those that run.
[[noreturn]] void StartUntilMemoryEnds() {
  rlimit limit = {};
  limit.rlim_cur = limit.rlim_max = 256 << 20;
  ::setrlimit(RLIMIT_AS, &limit);
  std::vector<std::thread> threads;
  size_t started = 0;
  while (started < kMost && StartThread(threads, [] { ::pause(); })) ++started;
  ::_exit(started < kMost && threads.size() == started ? 0 : 1);
}

TEST(StartThreadTest, WhatCannotStartIsToldAndLeavesTheList) {
  if (testing::kHasAddressSanitizer) GTEST_SKIP() << "AddressSanitizer takes all addresses";
  const pid_t child = ::fork();
  if (child == 0) StartUntilMemoryEnds();
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << status;
}

}  // namespace
}  // namespace lathe
