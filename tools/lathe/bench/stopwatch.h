// Wall time and CPU time of the process side by side. On a shared machine the wall clock also
// counts the time of others; CPU time divided by the threads does not.
//   Stopwatch watch;
//   Work();
//   Elapsed elapsed = watch.Read();
//   elapsed.Seconds(Clock::kCpu, /*threads=*/2);
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace lathe {

enum class Clock : uint8_t { kWall, kCpu };

struct Elapsed {
  double wall_s = 0;
  double cpu_s = 0;  // of all threads

  // By `clock`; CPU time as if `threads` threads had each done their share.
  double Seconds(Clock clock, int threads) const {
    return clock == Clock::kWall ? wall_s : cpu_s / threads;
  }
};

// "" on a quiet machine; else that others had a share of the processors, as wall and CPU time of
// the same work show.
std::string OtherLoad(double wall_s, double cpu_s_of_a_thread, Clock clock);

class Stopwatch {
 public:
  Stopwatch() : wall_(std::chrono::steady_clock::now()), cpu_s_(CpuSeconds()) {}

  // Since the construction.
  Elapsed Read() const {
    const std::chrono::duration<double> wall = std::chrono::steady_clock::now() - wall_;
    return {wall.count(), CpuSeconds() - cpu_s_};
  }

 private:
  static double CpuSeconds();

  std::chrono::steady_clock::time_point wall_;
  double cpu_s_;
};

}  // namespace lathe
