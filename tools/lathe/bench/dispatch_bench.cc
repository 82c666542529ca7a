#include "tools/lathe/bench/dispatch_bench.h"

#include <algorithm>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "runtime/base/check.h"
#include "runtime/base/status_macros.h"
#include "tools/common/standard_output.h"
#include "tools/lathe/bench/limits.h"
#include "tools/lathe/bench/statistics.h"
#include "tools/lathe/bench/timed_dispatch.h"

namespace lathe {
namespace {

// Sums of f32 in another order, functions from another library.
constexpr double kExactTolerance = 1e-4;
// A kernel may round activations to the type of the weights, and a cache of bf16 may round a tie
// the other way: some steps of 2^-8, or of a seventh of an int4 block's range averaged over a row.
constexpr double kRoundedTolerance = 2e-2;

// Operations of the interpreter in a few seconds; larger steps are checked with fewer rows.
constexpr double kMaxCheckFlops = 1e9;
constexpr int64_t kMinCheckTokens = 4;

// A sample is at least this long, so that what surrounds the launches does not count.
constexpr double kSampleSeconds = 2e-3;

bool HasNarrowNumbers(DispatchOp dispatch) {
  for (mlir::Value operand : dispatch->getOperands()) {
    if (auto layer = llvm::dyn_cast<KvLayerType>(operand.getType());
        layer && !layer.getDtype().isF32())
      return true;
    auto tensor = llvm::dyn_cast<mlir::RankedTensorType>(operand.getType());
    if (!tensor) continue;
    const bool is_quantised = tensor.hasStaticShape() && tensor.getEncoding();
    const bool is_wide = tensor.getElementType().isInteger(32) || tensor.getElementType().isF32();
    if (is_quantised || !is_wide) return true;
  }
  return false;
}

// The step with so few rows that the interpreter is done in seconds.
absl::StatusOr<StepOperands> CheckOperands(const TimedDispatch& timed, uint64_t seed) {
  SymbolValues symbols = timed.symbols();
  const double flops = timed.work().flops;
  if (flops > kMaxCheckFlops && symbols.contains("tokens")) {
    const auto fitting =
        static_cast<int64_t>(static_cast<double>(symbols["tokens"]) * kMaxCheckFlops / flops);
    symbols["tokens"] = std::min(symbols["tokens"], std::max(fitting, kMinCheckTokens));
    for (const char* name : {"sequences", "logit_rows"}) {
      if (symbols.contains(name)) symbols[name] = std::min(symbols[name], symbols["tokens"]);
    }
  }
  return StepOperands::Make(timed.module(), symbols, seed);
}

absl::Status Check(TimedDispatch& timed, const DispatchBenchOptions& options) {
  LATHE_ASSIGN_OR_RETURN(StepOperands operands, CheckOperands(timed, options.seed));
  ProblemProgram& program = timed.program();
  LATHE_ASSIGN_OR_RETURN(
      CheckResult result,
      CheckAgainstInterpreter(timed.module(), timed.weights(), program, operands, options.seed));
  const double tolerance = options.tolerance.value_or(
      HasNarrowNumbers(timed.dispatch()) ? kRoundedTolerance : kExactTolerance);
  const std::string found =
      absl::StrFormat("largest error %.2e of the largest number%s%s (%d rows, tolerance %.0e)",
                      result.error, result.where.empty() ? "" : ", in ", result.where,
                      operands.symbols().at("tokens"), tolerance);
  if (!(result.error <= tolerance)) {
    return absl::DataLossError(absl::StrCat(
        "the kernel ", program.kernel(), " disagrees with the interpreter: ", found,
        "; nothing was timed (--tolerance=T allows more, --no-check skips the check)"));
  }
  WriteStderr(absl::StrCat("checked against the interpreter: ", found, "\n"));
  return absl::OkStatus();
}

// Seconds of one launch, by both clocks, one sample a run of all copies.
struct Samples {
  std::vector<double> wall;
  std::vector<double> cpu;
};

absl::StatusOr<Samples> Time(TimedDispatch& timed, int threads, int repeat) {
  Samples samples;
  LATHE_RETURN_IF_ERROR(timed.Run());  // touches every page
  Stopwatch first;
  LATHE_RETURN_IF_ERROR(timed.Run());
  const double once_s = std::max(first.Read().wall_s, 1e-9);
  const auto runs = static_cast<int>(std::clamp(kSampleSeconds / once_s, 1.0, 1000.0));
  for (int i = 0; i < repeat; ++i) {
    Stopwatch watch;
    for (int run = 0; run < runs; ++run) LATHE_RETURN_IF_ERROR(timed.Run());
    const Elapsed elapsed = watch.Read();
    const double launches = static_cast<double>(timed.copies()) * runs;
    samples.wall.push_back(elapsed.Seconds(Clock::kWall, threads) / launches);
    samples.cpu.push_back(elapsed.Seconds(Clock::kCpu, threads) / launches);
  }
  return samples;
}

std::string LineName(const TimedDispatch& timed, const DispatchBenchOptions& options) {
  std::vector<std::string> symbols;
  for (const auto& [name, value] : timed.symbols())
    symbols.push_back(absl::StrCat(name, "=", value));
  return absl::StrCat(timed.dispatch().getName().str(), symbols.empty() ? "" : " ",
                      absl::StrJoin(symbols, " "), "/", options.threads,
                      options.threads == 1 ? " thread" : " threads",
                      timed.is_cold() ? "/cold" : "/warm");
}

std::string WithLoad(const std::string& note, const std::string& load) {
  return load.empty() ? note : absl::StrCat(note, "; ", load);
}

// What the limit is; a dispatch whose numbers the caches hold may be faster than memory.
std::string Bound(const Roofline& roofline, const Work& work, bool cold) {
  if (!roofline.IsMemoryBound(work)) return absl::StrCat("bound by ", UnitName(work.unit));
  return absl::StrCat("bound by reading memory", cold ? "" : ", but the caches hold all");
}

void AddLine(TimedDispatch& timed, const DispatchBenchOptions& options, const Samples& samples,
             const MeasuredLimits& limits, Report& report) {
  const bool by_wall = options.clock == Clock::kWall;
  const Work& work = timed.work();
  const double seconds = Median(by_wall ? samples.wall : samples.cpu);
  const Roofline roofline = limits.By(options.clock);
  const double limit_s = 1e-9 * roofline.Nanoseconds(work);
  report.Add({LineName(timed, options),
              {{"wall", 1e6 * Median(samples.wall), "us"},
               {"cpu", 1e6 * Median(samples.cpu), "us"},
               {"spread", 100 * Spread(by_wall ? samples.wall : samples.cpu), "%"},
               {"flops", 1e-9 * work.flops / seconds, "GFLOP/s"},
               {"bytes", 1e-9 * work.bytes / seconds, "GB/s"},
               {"intensity", work.intensity(), "FLOP/B"},
               {"limit", 1e6 * limit_s, "us"},
               {"of limit", 100 * limit_s / seconds, "%"}},
              WithLoad(Bound(roofline, work, timed.is_cold()),
                       OtherLoad(Median(samples.wall), Median(samples.cpu), options.clock))});
}

}  // namespace

absl::Status BenchDispatch(mlir::ModuleOp problem, const DispatchBenchOptions& options,
                           LimitProbes& probes, Report& report) {
  LATHE_CHECK(probes.threads() == options.threads) << probes.threads();
  LATHE_ASSIGN_OR_RETURN(std::unique_ptr<TimedDispatch> timed,
                         TimedDispatch::Make(problem, {.symbols = options.symbols,
                                                       .level = options.level,
                                                       .threads = options.threads,
                                                       .cold = options.cold,
                                                       .seed = options.seed}));
  if (options.check) LATHE_RETURN_IF_ERROR(Check(*timed, options));
  const ArithmeticUnit units[] = {timed->work().unit};
  LATHE_ASSIGN_OR_RETURN(MeasuredLimits limits, Measure(probes, units));
  LATHE_ASSIGN_OR_RETURN(Samples samples, Time(*timed, options.threads, options.repeat));
  LATHE_ASSIGN_OR_RETURN(MeasuredLimits after, Measure(probes, units));
  limits.Merge(after);
  AddLine(*timed, options, samples, limits, report);
  return absl::OkStatus();
}

}  // namespace lathe
