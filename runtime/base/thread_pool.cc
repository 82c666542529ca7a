#include "runtime/base/thread_pool.h"

#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <climits>

#include "runtime/base/check.h"
#include "runtime/base/start_thread.h"

namespace lathe {
namespace {

// Long enough to bridge the gap between two commands or two steps, short enough that an idle
// process is quiet.
constexpr std::chrono::microseconds kSpin{50};
constexpr int kPausesBetweenClockReads = 32;

void Pause() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#endif
}

uint32_t* Address(std::atomic<uint32_t>& value) {
  static_assert(sizeof(value) == sizeof(uint32_t) && std::atomic<uint32_t>::is_always_lock_free);
  return reinterpret_cast<uint32_t*>(&value);
}

}  // namespace

void WaitCounter::Advance() {
  // Sequentially consistent on both sides: either the waker sees the sleeper, or the sleeper's
  // futex call sees the new value.
  value_.fetch_add(1, std::memory_order_seq_cst);
  if (sleepers_.load(std::memory_order_seq_cst) > 0) {
    ::syscall(SYS_futex, Address(value_), FUTEX_WAKE_PRIVATE, INT_MAX, nullptr, nullptr, 0);
  }
}

void WaitCounter::WaitWhile(uint32_t old) {
  const auto limit = std::chrono::steady_clock::now() + kSpin;
  do {
    for (int i = 0; i < kPausesBetweenClockReads; ++i) {
      if (Load() != old) return;
      Pause();
    }
  } while (std::chrono::steady_clock::now() < limit);
  sleepers_.fetch_add(1, std::memory_order_seq_cst);
  while (value_.load(std::memory_order_seq_cst) == old) {
    // Returns at once when the value has changed; signals and stray wakes are caught by the loop.
    ::syscall(SYS_futex, Address(value_), FUTEX_WAIT_PRIVATE, old, nullptr, nullptr, 0);
  }
  sleepers_.fetch_sub(1, std::memory_order_relaxed);
}

Barrier::Barrier(int count) : count_(count) { LATHE_CHECK(count > 0) << count; }

void Barrier::Wait() {
  if (count_ == 1) return;
  const uint32_t generation = generation_.Load();
  if (arrived_.fetch_add(1, std::memory_order_acq_rel) + 1 < count_) {
    generation_.WaitWhile(generation);
    return;
  }
  // The last one: nobody arrives again before the generation advances.
  arrived_.store(0, std::memory_order_relaxed);
  generation_.Advance();
}

ThreadPool::ThreadPool(int num_workers) {
  LATHE_CHECK(num_workers > 0) << num_workers;
  for (; num_workers_ < num_workers; ++num_workers_) {
    if (!StartThread(threads_, [this, worker = num_workers_] { Work(worker); })) break;
  }
}

ThreadPool::~ThreadPool() {
  stopping_ = true;
  start_.Advance();
  for (std::thread& thread : threads_) thread.join();
}

void ThreadPool::Run(absl::FunctionRef<void(int, int)> fn) {
  if (num_workers_ == 1) {
    fn(0, 1);
    return;
  }
  job_ = &fn;
  const uint32_t done = done_.Load();
  running_.store(num_workers_ - 1, std::memory_order_relaxed);
  start_.Advance();
  fn(0, num_workers_);
  done_.WaitWhile(done);
}

void ThreadPool::Work(int worker) {
  // Threads start before the first Advance, and none can follow before all have finished the one
  // before: counting from 0 misses none.
  for (uint32_t seen = 0;; ++seen) {
    start_.WaitWhile(seen);
    if (stopping_) return;
    (*job_)(worker, num_workers_);
    if (running_.fetch_sub(1, std::memory_order_acq_rel) == 1) done_.Advance();
  }
}

ItemRange ShareOf(int64_t items, int worker, int num_workers) {
  const int64_t share = items / num_workers;
  const int64_t rest = items % num_workers;  // the first `rest` workers take one more
  const int64_t begin = share * worker + std::min<int64_t>(worker, rest);
  return {begin, begin + share + (worker < rest ? 1 : 0)};
}

}  // namespace lathe
