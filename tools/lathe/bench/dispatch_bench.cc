#include "tools/lathe/bench/dispatch_bench.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "compiler/emit/dispatch_cost.h"
#include "compiler/problem/problem.h"
#include "runtime/base/check.h"
#include "runtime/base/status_macros.h"
#include "tools/common/standard_output.h"
#include "tools/lathe/bench/limits.h"
#include "tools/lathe/bench/problem_program.h"
#include "tools/lathe/bench/random_numbers.h"
#include "tools/lathe/bench/statistics.h"

namespace lathe {
namespace {

// Sums of f32 in another order, functions from another library.
constexpr double kExactTolerance = 1e-4;
// A kernel may round activations to the type of the weights, and a cache of bf16 may round a tie
// the other way: some steps of 2^-8, or of a seventh of an int4 block's range averaged over a row.
constexpr double kRoundedTolerance = 2e-2;

// Below so many operations a byte, memory decides on every machine that we know.
constexpr double kColdIntensity = 16;

// Operations of the interpreter in a few seconds; larger steps are checked with fewer rows.
constexpr double kMaxCheckFlops = 1e9;
constexpr int64_t kMinCheckTokens = 4;

constexpr int kMaxCopies = 512;
// Copies that are not needed to leave the caches only make a run long enough to time.
constexpr int kWarmCopies = 16;
constexpr double kWarmFlops = 2e9;

// A sample is at least this long, so that what surrounds the launches does not count.
constexpr double kSampleSeconds = 2e-3;

// The problem with all that does not change between its check and its timing.
struct Subject {
  mlir::ModuleOp module;
  DispatchOp dispatch;
  SymbolValues symbols;
  std::unique_ptr<RandomWeights> weights;
};

absl::StatusOr<Subject> Prepare(mlir::ModuleOp problem, const DispatchBenchOptions& options) {
  Subject subject{problem, {}, {}, nullptr};
  LATHE_ASSIGN_OR_RETURN(subject.dispatch, DispatchOfProblem(problem));
  LATHE_ASSIGN_OR_RETURN(subject.symbols, ExampleSymbols(problem));
  for (const auto& [name, value] : options.symbols) {
    if (!subject.symbols.contains(name)) {
      std::vector<std::string> known;
      for (const auto& [symbol, example] : subject.symbols) known.push_back(symbol);
      return absl::InvalidArgumentError(
          absl::StrCat("the dispatch has no symbol ", name, "; it has ", absl::StrJoin(known, ", "),
                       known.empty() ? "none (lathe.example is missing)" : ""));
    }
    subject.symbols[name] = value;
  }
  LATHE_ASSIGN_OR_RETURN(subject.weights, RandomWeights::Make(problem, options.seed));
  return subject;
}

absl::StatusOr<Work> WorkOf(DispatchOp dispatch, const SymbolValues& symbols) {
  const OpCost cost = DispatchCost(dispatch);
  LATHE_ASSIGN_OR_RETURN(int64_t flops, cost.flops.Evaluate(symbols), "flops");
  LATHE_ASSIGN_OR_RETURN(int64_t read, cost.bytes_read.Evaluate(symbols), "bytes");
  LATHE_ASSIGN_OR_RETURN(int64_t written, cost.bytes_written.Evaluate(symbols), "bytes");
  return Work{.flops = static_cast<double>(flops),
              .bytes = static_cast<double>(read) + static_cast<double>(written)};
}

// Bytes of the caches that one copy reads.
double CacheBytes(DispatchOp dispatch, const StepOperands& step) {
  double bytes = 0;
  for (mlir::Value operand : dispatch.getInputs()) {
    auto layer = llvm::dyn_cast<KvLayerType>(operand.getType());
    if (!layer) continue;
    const double row_bytes = static_cast<double>(layer.getKvHeads()) *
                             static_cast<double>(layer.getHeadDim()) *
                             layer.getDtype().getIntOrFloatBitWidth() / 8;
    bytes += 2 * row_bytes * static_cast<double>(step.symbols().at("cached_keys"));
  }
  return bytes;
}

bool HasNarrowNumbers(const Subject& subject) {
  for (mlir::Value operand : subject.dispatch->getOperands()) {
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

// How often the dispatch stands in the program that is timed. One that is so small that no sensible
// number of copies leaves the caches is small enough to stay there in a model too.
ReplicateOptions CopiesFor(const Subject& subject, const StepOperands& step, const Work& work,
                           bool cold) {
  const double own_bytes =
      static_cast<double>(subject.weights->stored_bytes()) + CacheBytes(subject.dispatch, step);
  if (cold && own_bytes > 0) {
    const double copies = std::ceil(static_cast<double>(ColdSetBytes()) / own_bytes);
    if (copies <= kMaxCopies) return {.copies = std::max(static_cast<int>(copies), 2)};
  }
  const double fitting = kWarmFlops / std::max(work.flops, 1.0);
  return {.copies = static_cast<int>(std::clamp<double>(fitting, 1, kWarmCopies)),
          .shares_weights = true};
}

// The step with so few rows that the interpreter is done in seconds.
absl::StatusOr<StepOperands> CheckOperands(const Subject& subject, const Work& work,
                                           uint64_t seed) {
  SymbolValues symbols = subject.symbols;
  if (work.flops > kMaxCheckFlops && symbols.contains("tokens")) {
    const auto fitting =
        static_cast<int64_t>(static_cast<double>(symbols["tokens"]) * kMaxCheckFlops / work.flops);
    symbols["tokens"] = std::min(symbols["tokens"], std::max(fitting, kMinCheckTokens));
    for (const char* name : {"sequences", "logit_rows"}) {
      if (symbols.contains(name)) symbols[name] = std::min(symbols[name], symbols["tokens"]);
    }
  }
  return StepOperands::Make(subject.module, symbols, seed);
}

absl::Status Check(const Subject& subject, const Work& work, ProblemProgram& program,
                   const DispatchBenchOptions& options) {
  LATHE_ASSIGN_OR_RETURN(StepOperands operands, CheckOperands(subject, work, options.seed));
  LATHE_ASSIGN_OR_RETURN(
      CheckResult result,
      CheckAgainstInterpreter(subject.module, *subject.weights, program, operands, options.seed));
  const double tolerance =
      options.tolerance.value_or(HasNarrowNumbers(subject) ? kRoundedTolerance : kExactTolerance);
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

absl::StatusOr<Samples> Time(ProblemProgram& program, const BoundStep& step, int copies,
                             int threads, int repeat) {
  Samples samples;
  LATHE_RETURN_IF_ERROR(program.program().Run(step.bindings()));  // touches every page
  Stopwatch first;
  LATHE_RETURN_IF_ERROR(program.program().Run(step.bindings()));
  const double once_s = std::max(first.Read().wall_s, 1e-9);
  const auto runs = static_cast<int>(std::clamp(kSampleSeconds / once_s, 1.0, 1000.0));
  for (int i = 0; i < repeat; ++i) {
    Stopwatch watch;
    for (int run = 0; run < runs; ++run)
      LATHE_RETURN_IF_ERROR(program.program().Run(step.bindings()));
    const Elapsed elapsed = watch.Read();
    samples.wall.push_back(elapsed.Seconds(Clock::kWall, threads) / copies / runs);
    samples.cpu.push_back(elapsed.Seconds(Clock::kCpu, threads) / copies / runs);
  }
  return samples;
}

std::string LineName(const Subject& subject, const DispatchBenchOptions& options, bool cold) {
  std::vector<std::string> symbols;
  for (const auto& [name, value] : subject.symbols)
    symbols.push_back(absl::StrCat(name, "=", value));
  DispatchOp dispatch = subject.dispatch;  // a handle; its methods are not const
  return absl::StrCat(dispatch.getName().str(), symbols.empty() ? "" : " ",
                      absl::StrJoin(symbols, " "), "/", options.threads,
                      options.threads == 1 ? " thread" : " threads", cold ? "/cold" : "/warm");
}

std::string WithLoad(const std::string& note, const std::string& load) {
  return load.empty() ? note : absl::StrCat(note, "; ", load);
}

// What the limit is; a dispatch whose numbers the caches hold may be faster than memory.
std::string Bound(const Roofline& roofline, const Work& work, ArithmeticUnit unit, bool cold) {
  if (!roofline.IsMemoryBound(work)) return absl::StrCat("bound by ", UnitName(unit));
  return absl::StrCat("bound by reading memory", cold ? "" : ", but the caches hold all");
}

void AddLine(const Subject& subject, const DispatchBenchOptions& options, const Work& work,
             const Samples& samples, const MeasuredLimits& limits, ArithmeticUnit unit, bool cold,
             Report& report) {
  const bool by_wall = options.clock == Clock::kWall;
  const double seconds = Median(by_wall ? samples.wall : samples.cpu);
  const Roofline roofline = limits.By(options.clock, unit);
  const double limit_s = 1e-9 * roofline.Nanoseconds(work);
  report.Add({LineName(subject, options, cold),
              {{"wall", 1e6 * Median(samples.wall), "us"},
               {"cpu", 1e6 * Median(samples.cpu), "us"},
               {"spread", 100 * Spread(by_wall ? samples.wall : samples.cpu), "%"},
               {"flops", 1e-9 * work.flops / seconds, "GFLOP/s"},
               {"bytes", 1e-9 * work.bytes / seconds, "GB/s"},
               {"intensity", work.intensity(), "FLOP/B"},
               {"limit", 1e6 * limit_s, "us"},
               {"of limit", 100 * limit_s / seconds, "%"}},
              WithLoad(Bound(roofline, work, unit, cold),
                       OtherLoad(Median(samples.wall), Median(samples.cpu), options.clock))});
}

}  // namespace

absl::Status BenchDispatch(mlir::ModuleOp problem, const DispatchBenchOptions& options,
                           LimitProbes& probes, Report& report) {
  LATHE_CHECK(probes.threads() == options.threads) << probes.threads();
  LATHE_ASSIGN_OR_RETURN(Subject subject, Prepare(problem, options));
  LATHE_ASSIGN_OR_RETURN(StepOperands operands,
                         StepOperands::Make(problem, subject.symbols, options.seed));
  LATHE_ASSIGN_OR_RETURN(Work work, WorkOf(subject.dispatch, operands.symbols()));
  const bool cold = options.cold.value_or(work.intensity() < kColdIntensity);
  const ReplicateOptions replicate = CopiesFor(subject, operands, work, cold);
  LATHE_ASSIGN_OR_RETURN(std::unique_ptr<ProblemProgram> program,
                         ProblemProgram::Build(problem, *subject.weights,
                                               {replicate, options.threads, options.level}));
  if (options.check) LATHE_RETURN_IF_ERROR(Check(subject, work, *program, options));

  LATHE_ASSIGN_OR_RETURN(BoundStep step, BoundStep::Make(*program, operands, options.seed));
  const ArithmeticUnit units[] = {program->unit()};
  LATHE_ASSIGN_OR_RETURN(MeasuredLimits limits, Measure(probes, units));
  LATHE_ASSIGN_OR_RETURN(Samples samples,
                         Time(*program, step, replicate.copies, options.threads, options.repeat));
  LATHE_ASSIGN_OR_RETURN(MeasuredLimits after, Measure(probes, units));
  limits.Merge(after);
  AddLine(subject, options, work, samples, limits, program->unit(), !replicate.shares_weights,
          report);
  return absl::OkStatus();
}

}  // namespace lathe
