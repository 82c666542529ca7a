// Threads that run one function side by side (SPMD: same function, each with its own number) and
// meet at barriers.
//   ThreadPool pool(4);
//   Barrier barrier(pool.num_workers());
//   pool.Run([&](int worker, int num_workers) {
//     Produce(worker);
//     barrier.Wait();
//     Consume(worker, num_workers);
//   });
// Waiting threads first spin, so that short steps in a row cost no system call, then sleep, so that
// an idle pool costs nothing.
#pragma once

#include <atomic>
#include <cstdint>
#include <thread>
#include <vector>

#include "absl/functional/function_ref.h"

namespace lathe {

// A counter that threads wait on: the place where spinning turns into sleeping (futex).
class WaitCounter {
 public:
  uint32_t Load() const { return value_.load(std::memory_order_acquire); }
  // Adds one and wakes all that wait. All writes before it are seen by whoever sees the new value.
  void Advance();
  // Returns when the value is not `old` any more.
  void WaitWhile(uint32_t old);

 private:
  std::atomic<uint32_t> value_{0};
  std::atomic<uint32_t> sleepers_{0};
};

// All of `count` threads wait until the last one arrives. Usable again at once.
class Barrier {
 public:
  explicit Barrier(int count);
  void Wait();

 private:
  const int count_;
  alignas(64) std::atomic<int> arrived_{0};
  alignas(64) WaitCounter generation_;
};

class ThreadPool {
 public:
  // Makes num_workers - 1 threads, or as many as the system starts: the caller of Run is worker 0.
  // With one worker there are no threads at all.
  explicit ThreadPool(int num_workers);
  ~ThreadPool();
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

  // As many as there are.
  int num_workers() const { return num_workers_; }

  // Calls fn(worker, num_workers) once on each worker and returns when all are done. Not to be
  // called from inside `fn`, nor by two threads at a time.
  void Run(absl::FunctionRef<void(int worker, int num_workers)> fn);

 private:
  void Work(int worker);

  int num_workers_ = 1;
  const absl::FunctionRef<void(int, int)>* job_ = nullptr;  // valid between start_ and done_
  bool stopping_ = false;
  alignas(64) WaitCounter start_;
  alignas(64) std::atomic<int> running_{0};
  alignas(64) WaitCounter done_;
  std::vector<std::thread> threads_;
};

// The contiguous share of [0, items) that `worker` of `num_workers` does. It depends on these
// numbers alone, never on timing.
struct ItemRange {
  int64_t begin;
  int64_t end;
};
ItemRange ShareOf(int64_t items, int worker, int num_workers);

}  // namespace lathe
