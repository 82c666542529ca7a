#include "tools/lathe/bench/limits.h"

#include <unistd.h>

#include <algorithm>
#include <cstring>

#include "absl/strings/str_cat.h"
#include "compiler/target/target.h"
#include "runtime/base/status_macros.h"

namespace lathe {
namespace {

constexpr int64_t kStreamCounts[] = {1, 2, 4, 8};
constexpr int64_t kDefaultCacheBytes = int64_t{32} << 20;
// A run long enough that starting the workers does not count.
constexpr double kPeakSeconds = 0.02;
constexpr int kPeakRuns = 3;
// Bytes that are harmless numbers in every type: bf16 0.0115, f32 0.0115, f16 1.06, int8 60.
constexpr int kFactorByte = 0x3c;

absl::StatusOr<CpuLevel> LevelOfDevice(const CpuDevice& device) {
  LATHE_ASSIGN_OR_RETURN(Target cpu, FindTarget("cpu"));
  return FindLevel(cpu, CpuLevelName(device.level()));
}

}  // namespace

Rate Faster(const Rate& a, const Rate& b) {
  return {std::max(a.wall, b.wall), std::max(a.cpu, b.cpu)};
}

int64_t LastLevelCacheBytes() {
  int64_t bytes = 0;
  for (int name : {_SC_LEVEL2_CACHE_SIZE, _SC_LEVEL3_CACHE_SIZE, _SC_LEVEL4_CACHE_SIZE})
    bytes = std::max(bytes, static_cast<int64_t>(::sysconf(name)));
  return bytes > 0 ? bytes : kDefaultCacheBytes;
}

int64_t ColdSetBytes() { return std::min(kReadSetBytes, 4 * LastLevelCacheBytes()); }

bool HasUnit(ArithmeticUnit unit) {
  switch (unit) {
    case ArithmeticUnit::kFmaF32:
      return true;
    case ArithmeticUnit::kDotInt8:
      return __builtin_cpu_supports("avx512vnni") != 0;
    case ArithmeticUnit::kDotBF16:
      return __builtin_cpu_supports("avx512bf16") != 0;
    case ArithmeticUnit::kFmaF16:
      return __builtin_cpu_supports("avx512fp16") != 0;
  }
  return false;
}

absl::StatusOr<std::unique_ptr<LimitProbes>> LimitProbes::Create(const LimitOptions& options) {
  std::unique_ptr<LimitProbes> probes(new LimitProbes(options.threads));
  LATHE_ASSIGN_OR_RETURN(
      probes->device_, CpuDevice::Create({.threads = options.threads, .cpu_level = options.level}));
  LATHE_ASSIGN_OR_RETURN(CpuLevel level, LevelOfDevice(*probes->device_));
  for (int64_t streams : kStreamCounts) {
    LATHE_ASSIGN_OR_RETURN(ProbeCode probe, CompileReadProbe(streams, level));
    LATHE_ASSIGN_OR_RETURN(probes->readers_[streams], probes->Load(probe, probe.bytes_per_item));
  }
  for (ArithmeticUnit unit : kArithmeticUnits) {
    if (!HasUnit(unit)) continue;
    LATHE_ASSIGN_OR_RETURN(ProbeCode probe, CompileArithmeticProbe(unit, level));
    LATHE_ASSIGN_OR_RETURN(probes->units_[unit], probes->Load(probe, probe.operations_per_item));
  }
  probes->read_bytes_ = options.read_bytes;
  LATHE_ASSIGN_OR_RETURN(
      probes->memory_,
      probes->device_->Allocate(static_cast<uint64_t>(probes->read_bytes_), "memory to read"));
  // Written once: pages that nobody wrote are all the same page of zeros, which a cache holds.
  std::memset(probes->memory_->data(), kFactorByte, static_cast<size_t>(probes->read_bytes_));
  LATHE_ASSIGN_OR_RETURN(probes->output_, probes->device_->Allocate(kProbeOutputBytes, "results"));
  return probes;
}

absl::StatusOr<LimitProbes::Loaded> LimitProbes::Load(const ProbeCode& probe, double per_item) {
  Loaded loaded;
  loaded.per_item = per_item;
  const KernelRequest request{.symbol = ProbeCode::kSymbol};
  LATHE_ASSIGN_OR_RETURN(loaded.code, device_->LoadCode(probe.elf, "probe", {&request, 1}));
  return loaded;
}

absl::StatusOr<Elapsed> LimitProbes::Run(const Loaded& probe, int64_t items, int64_t stream_bytes) {
  void* operands[] = {memory_->data(), output_->data()};
  Launch launch;
  launch.operands = operands;
  launch.dims = &stream_bytes;
  launch.items = items;
  Stopwatch watch;
  LATHE_RETURN_IF_ERROR(device_->Run(*probe.code, {&launch, 1}, nullptr));
  return watch.Read();
}

Rate LimitProbes::RateOf(double amount, const Elapsed& elapsed) const {
  return {amount / elapsed.Seconds(Clock::kWall, threads_),
          amount / elapsed.Seconds(Clock::kCpu, threads_)};
}

absl::StatusOr<Rate> LimitProbes::Read() {
  Rate best;
  for (const auto& [streams, probe] : readers_) {
    const int64_t items = read_bytes_ / streams / kReadProbeItemBytes;
    const int64_t stream_bytes = items * kReadProbeItemBytes;
    LATHE_ASSIGN_OR_RETURN(Elapsed elapsed, Run(probe, items, stream_bytes));
    const Rate rate = RateOf(static_cast<double>(items) * probe.per_item, elapsed);
    best = Faster(best, rate);
    if (rate.cpu > best_read_) {
      best_read_ = rate.cpu;
      best_streams_ = streams;
    }
  }
  return best;
}

absl::StatusOr<Rate> LimitProbes::Peak(ArithmeticUnit unit) {
  const auto found = units_.find(unit);
  if (found == units_.end())
    return absl::UnimplementedError(
        absl::StrCat("this CPU has no ", UnitName(unit), " (", UnitInstruction(unit), ")"));
  int64_t items = 1000;
  LATHE_ASSIGN_OR_RETURN(Elapsed elapsed, Run(found->second, items, 0));
  while (elapsed.cpu_s < kPeakSeconds) {
    items *= 4;
    LATHE_ASSIGN_OR_RETURN(elapsed, Run(found->second, items, 0));
  }
  Rate best;
  for (int run = 0; run < kPeakRuns; ++run) {
    LATHE_ASSIGN_OR_RETURN(elapsed, Run(found->second, items, 0));
    best = Faster(best, RateOf(static_cast<double>(items) * found->second.per_item, elapsed));
  }
  return best;
}

void MeasuredLimits::Merge(const MeasuredLimits& other) {
  read = Faster(read, other.read);
  for (const auto& [unit, rate] : other.peaks) peaks[unit] = Faster(peaks[unit], rate);
}

Roofline MeasuredLimits::By(Clock clock) const {
  Roofline roofline{.bytes_per_second = read.By(clock)};
  for (const auto& [unit, rate] : peaks) roofline.SetPeak(unit, rate.By(clock));
  return roofline;
}

absl::StatusOr<MeasuredLimits> Measure(LimitProbes& probes,
                                       absl::Span<const ArithmeticUnit> units) {
  MeasuredLimits limits;
  LATHE_ASSIGN_OR_RETURN(limits.read, probes.Read());
  for (ArithmeticUnit unit : units) {
    if (!HasUnit(unit)) continue;
    LATHE_ASSIGN_OR_RETURN(limits.peaks[unit], probes.Peak(unit));
  }
  return limits;
}

}  // namespace lathe
