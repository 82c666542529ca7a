#include "runtime/base/thread_pool.h"

#include <chrono>
#include <numeric>
#include <vector>

#include "gtest/gtest.h"

namespace lathe {
namespace {

TEST(ThreadPoolTest, EachWorkerRunsOnce) {
  for (int workers = 1; workers <= 5; ++workers) {
    ThreadPool pool(workers);
    EXPECT_EQ(pool.num_workers(), workers);
    for (int run = 0; run < 50; ++run) {
      std::vector<int> calls(static_cast<size_t>(workers), 0);
      pool.Run([&](int worker, int num_workers) {
        EXPECT_EQ(num_workers, workers);
        ++calls[static_cast<size_t>(worker)];
      });
      EXPECT_EQ(calls, std::vector<int>(static_cast<size_t>(workers), 1));
    }
  }
}

TEST(ThreadPoolTest, OneWorkerIsTheCaller) {
  ThreadPool pool(1);
  std::thread::id id;
  pool.Run([&](int, int) { id = std::this_thread::get_id(); });
  EXPECT_EQ(id, std::this_thread::get_id());
}

TEST(ThreadPoolTest, TheCallerIsWorkerZero) {
  ThreadPool pool(3);
  std::thread::id id;
  pool.Run([&](int worker, int) {
    if (worker == 0) id = std::this_thread::get_id();
  });
  EXPECT_EQ(id, std::this_thread::get_id());
}

// Long pauses put the workers to sleep: they must wake up for the next run, and for the end.
TEST(ThreadPoolTest, WakesUpAfterSleeping) {
  ThreadPool pool(3);
  for (int run = 0; run < 5; ++run) {
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
    std::atomic<int> calls{0};
    pool.Run([&](int worker, int) {
      if (worker == 1) std::this_thread::sleep_for(std::chrono::milliseconds(1));
      ++calls;
    });
    EXPECT_EQ(calls, 3);
  }
  std::this_thread::sleep_for(std::chrono::milliseconds(2));
}

// Every worker reads, after each barrier, what all others wrote before it: plain memory, so that a
// missing ordering is a data race for the thread sanitizer and a wrong sum here.
TEST(BarrierTest, OrdersWritesBeforeReads) {
  for (int workers = 1; workers <= 5; ++workers) {
    ThreadPool pool(workers);
    Barrier barrier(workers);
    std::vector<int64_t> cells(static_cast<size_t>(workers), 0);
    std::vector<int64_t> errors(static_cast<size_t>(workers), 0);
    constexpr int64_t kRounds = 100;
    pool.Run([&](int worker, int num_workers) {
      for (int64_t round = 1; round <= kRounds; ++round) {
        cells[static_cast<size_t>(worker)] = round * (worker + 1);
        barrier.Wait();
        const int64_t sum = std::accumulate(cells.begin(), cells.end(), int64_t{0});
        if (sum != round * num_workers * (num_workers + 1) / 2) {
          ++errors[static_cast<size_t>(worker)];
        }
        barrier.Wait();
      }
    });
    EXPECT_EQ(errors, std::vector<int64_t>(static_cast<size_t>(workers), 0)) << workers;
  }
}

TEST(BarrierTest, SleepersWakeUp) {
  ThreadPool pool(3);
  Barrier barrier(3);
  std::atomic<int> before{0};
  pool.Run([&](int worker, int) {
    // Far longer than the others spin.
    if (worker == 2) std::this_thread::sleep_for(std::chrono::milliseconds(5));
    ++before;
    barrier.Wait();
    EXPECT_EQ(before, 3);
  });
}

TEST(ShareOfTest, CoversAllItemsInOrder) {
  for (int64_t items : {int64_t{0}, int64_t{1}, int64_t{4}, int64_t{7}, int64_t{1000}, INT64_MAX}) {
    for (int workers = 1; workers <= 7; ++workers) {
      int64_t next = 0;
      for (int worker = 0; worker < workers; ++worker) {
        const ItemRange range = ShareOf(items, worker, workers);
        EXPECT_EQ(range.begin, next);
        EXPECT_GE(range.end, range.begin);
        EXPECT_LE(range.end - range.begin, items / workers + (items % workers == 0 ? 0 : 1));
        next = range.end;
      }
      EXPECT_EQ(next, items);
    }
  }
}

TEST(ThreadPoolDeathTest, NeedsAWorker) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_DEATH(ThreadPool(0), "num_workers > 0");
}

}  // namespace
}  // namespace lathe
