// The limits of this machine, measured: how fast it reads memory, and how fast each unit that
// matrix products are made of works.
//   LATHE_ASSIGN_OR_RETURN(auto probes, LimitProbes::Create({.threads = 2}));
//   LATHE_ASSIGN_OR_RETURN(Rate read, probes->Read());      // read.wall: bytes a second
//   LATHE_ASSIGN_OR_RETURN(Rate fma, probes->Peak(ArithmeticUnit::kFmaF32));
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "compiler/probe/probe.h"
#include "runtime/base/roofline.h"
#include "runtime/device/cpu/cpu_device.h"
#include "tools/lathe/bench/stopwatch.h"

namespace lathe {

// Something a second, by each clock.
struct Rate {
  double wall = 0;
  double cpu = 0;

  double By(Clock clock) const { return clock == Clock::kWall ? wall : cpu; }
};

// The faster of two, clock by clock: what a machine did once, it can do.
Rate Faster(const Rate& a, const Rate& b);

// Memory over which read bandwidth is measured unless asked otherwise: four times the largest
// last-level caches that there are.
inline constexpr int64_t kReadSetBytes = int64_t{1} << 30;

struct LimitOptions {
  int threads = 1;
  std::string level = {};  // as CpuOptions has it
  int64_t read_bytes = kReadSetBytes;
};

// Bytes of the last-level cache as the system describes it; 32 MiB where it does not.
int64_t LastLevelCacheBytes();

// A set of memory that no cache holds: 4 times the last level, and at most 1 GiB.
int64_t ColdSetBytes();

// Whether this machine has the unit's instruction.
bool HasUnit(ArithmeticUnit unit);

class LimitProbes {
 public:
  // Compiles the probes. ResourceExhausted when there is no memory to read.
  static absl::StatusOr<std::unique_ptr<LimitProbes>> Create(const LimitOptions& options);

  int threads() const { return threads_; }
  int64_t read_bytes() const { return read_bytes_; }

  // Bytes read a second, once over all memory with each number of streams; the best counts.
  absl::StatusOr<Rate> Read();
  // Operations a second, the best of a few runs. Unimplemented on a machine without the unit.
  absl::StatusOr<Rate> Peak(ArithmeticUnit unit);

  // Streams of the best Read() so far.
  int64_t best_streams() const { return best_streams_; }

 private:
  struct Loaded {
    std::unique_ptr<DeviceCode> code;
    double per_item = 0;
  };
  explicit LimitProbes(int threads) : threads_(threads) {}
  absl::StatusOr<Loaded> Load(const ProbeCode& probe, double per_item);
  absl::StatusOr<Elapsed> Run(const Loaded& probe, int64_t items, int64_t stream_bytes);
  Rate RateOf(double amount, const Elapsed& elapsed) const;

  int threads_;
  int64_t read_bytes_ = 0;
  int64_t best_streams_ = 0;
  double best_read_ = 0;
  std::unique_ptr<CpuDevice> device_;
  std::unique_ptr<DeviceMemory> memory_;
  std::unique_ptr<DeviceMemory> output_;
  std::map<int64_t, Loaded> readers_;  // by streams
  std::map<ArithmeticUnit, Loaded> units_;
};

// Limits taken right before and after a piece of work: the faster of both.
struct MeasuredLimits {
  Rate read;
  std::map<ArithmeticUnit, Rate> peaks;  // of units that were asked for and are there

  void Merge(const MeasuredLimits& other);
  // With the peaks that were measured.
  Roofline By(Clock clock) const;
};

absl::StatusOr<MeasuredLimits> Measure(LimitProbes& probes, absl::Span<const ArithmeticUnit> units);

}  // namespace lathe
