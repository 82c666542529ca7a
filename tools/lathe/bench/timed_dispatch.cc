#include "tools/lathe/bench/timed_dispatch.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "compiler/emit/dispatch_cost.h"
#include "compiler/problem/problem.h"
#include "runtime/base/status_macros.h"
#include "tools/lathe/bench/limits.h"

namespace lathe {
namespace {

// Below so many operations a byte, memory decides on every machine that we know.
constexpr double kColdIntensity = 16;

constexpr int kMaxCopies = 1024;
// Copies that are not needed to leave the caches only make a run long enough to time.
constexpr int kWarmCopies = 16;
constexpr double kWarmFlops = 2e9;

// The symbols of the example with those that are given in their place.
absl::StatusOr<SymbolValues> SymbolsOf(mlir::ModuleOp problem, const SymbolValues& given) {
  LATHE_ASSIGN_OR_RETURN(SymbolValues symbols, ExampleSymbols(problem));
  for (const auto& [name, value] : given) {
    if (!symbols.contains(name)) {
      std::vector<std::string> known;
      for (const auto& [symbol, example] : symbols) known.push_back(symbol);
      return absl::InvalidArgumentError(
          absl::StrCat("the dispatch has no symbol ", name, "; it has ", absl::StrJoin(known, ", "),
                       known.empty() ? "none (lathe.example is missing)" : ""));
    }
    symbols[name] = value;
  }
  return symbols;
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

// How often a dispatch that reads `own_bytes` of weights and caches stands in the program that is
// timed. One that is so small that no sensible number of copies leaves the caches is small enough
// to stay there in a model too.
ReplicateOptions CopiesFor(double own_bytes, const Work& work, bool cold) {
  if (cold && own_bytes > 0) {
    const double copies = std::ceil(static_cast<double>(ColdSetBytes()) / own_bytes);
    if (copies <= kMaxCopies) return {.copies = std::max(static_cast<int>(copies), 2)};
  }
  const double fitting = kWarmFlops / std::max(work.flops, 1.0);
  return {.copies = static_cast<int>(std::clamp<double>(fitting, 1, kWarmCopies)),
          .shares_weights = true};
}

}  // namespace

absl::StatusOr<std::unique_ptr<TimedDispatch>> TimedDispatch::Make(
    mlir::ModuleOp problem, const TimedDispatchOptions& options) {
  std::unique_ptr<TimedDispatch> timed(new TimedDispatch(problem));
  LATHE_ASSIGN_OR_RETURN(timed->dispatch_, DispatchOfProblem(problem));
  LATHE_ASSIGN_OR_RETURN(timed->symbols_, SymbolsOf(problem, options.symbols));
  LATHE_ASSIGN_OR_RETURN(timed->weights_, RandomWeights::Make(problem, options.seed));
  LATHE_ASSIGN_OR_RETURN(timed->operands_,
                         StepOperands::Make(problem, timed->symbols_, options.seed));
  LATHE_ASSIGN_OR_RETURN(timed->work_, WorkOf(timed->dispatch_, timed->operands_->symbols()));
  const double own_bytes = static_cast<double>(timed->weights_->stored_bytes()) +
                           CacheBytes(timed->dispatch_, *timed->operands_);
  const bool cold = options.cold.value_or(timed->work_.intensity() < kColdIntensity);
  timed->replicate_ = CopiesFor(own_bytes, timed->work_, cold);
  LATHE_ASSIGN_OR_RETURN(
      timed->program_, ProblemProgram::Build(problem, *timed->weights_,
                                             {timed->replicate_, options.threads, options.level}));
  timed->work_.unit = timed->program_->unit();
  LATHE_ASSIGN_OR_RETURN(timed->step_,
                         BoundStep::Make(*timed->program_, *timed->operands_, options.seed));
  return timed;
}

}  // namespace lathe
