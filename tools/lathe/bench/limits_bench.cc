#include "tools/lathe/bench/limits_bench.h"

#include <map>
#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "runtime/base/status_macros.h"
#include "tools/lathe/bench/limits.h"
#include "tools/lathe/bench/statistics.h"

namespace lathe {
namespace {

absl::Status BenchThreads(int threads, const LimitsBenchOptions& options, Report& report) {
  LATHE_ASSIGN_OR_RETURN(
      std::unique_ptr<LimitProbes> probes,
      LimitProbes::Create(
          {.threads = threads, .level = options.level, .read_bytes = options.read_bytes}));
  std::vector<double> read;
  std::map<ArithmeticUnit, std::vector<double>> peaks;
  for (int i = 0; i < options.repeat; ++i) {
    LATHE_ASSIGN_OR_RETURN(MeasuredLimits limits, Measure(*probes, kArithmeticUnits));
    read.push_back(limits.read.By(options.clock));
    for (const auto& [unit, rate] : limits.peaks) peaks[unit].push_back(rate.By(options.clock));
  }
  ReportLine line;
  line.name = absl::StrCat("limits/", threads, threads == 1 ? " thread" : " threads");
  line.metrics.push_back({"read", 1e-9 * Median(read), "GB/s"});
  std::string absent;
  for (ArithmeticUnit unit : kArithmeticUnits) {
    const auto rates = peaks.find(unit);
    const double peak = rates == peaks.end() ? 0 : Median(rates->second);
    line.metrics.push_back({std::string(UnitName(unit)), 1e-9 * peak, std::string(UnitRate(unit))});
    if (!HasUnit(unit)) absl::StrAppend(&absent, absent.empty() ? "" : ", ", UnitName(unit));
  }
  line.metrics.push_back({"spread of read", 100 * Spread(read), "%"});
  line.note = absl::StrCat("read with ", probes->best_streams(), " streams",
                           absent.empty() ? "" : absl::StrCat("; this CPU has no ", absent));
  report.Add(std::move(line));
  MachineLimits limits{.threads = threads, .roofline = {.bytes_per_second = Median(read)}};
  for (const auto& [unit, rates] : peaks) limits.roofline.SetPeak(unit, Median(rates));
  report.AddLimits(limits);
  return absl::OkStatus();
}

}  // namespace

absl::Status BenchLimits(const LimitsBenchOptions& options, Report& report) {
  for (int threads : options.threads) {
    LATHE_RETURN_IF_ERROR(BenchThreads(threads, options, report));
  }
  return absl::OkStatus();
}

}  // namespace lathe
