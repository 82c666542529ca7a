// One dispatch alone: checked against the interpreter, then timed beside the limits of the machine.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "mlir/IR/BuiltinOps.h"
#include "tools/lathe/bench/limits.h"
#include "tools/lathe/bench/report.h"
#include "tools/lathe/bench/step_operands.h"
#include "tools/lathe/bench/stopwatch.h"

namespace lathe {

struct DispatchBenchOptions {
  SymbolValues symbols = {};  // on top of the problem's lathe.example
  std::string level = {};
  int threads = 1;
  int repeat = 9;
  // Weights and caches come from memory; none: where a dispatch does so little with each byte that
  // reading decides.
  std::optional<bool> cold = std::nullopt;
  std::optional<double> tolerance = std::nullopt;  // none: by the types of weights and caches
  bool check = true;
  Clock clock = Clock::kWall;
  uint64_t seed = 1;
};

// Adds one line to `report`; `probes` must be for the same threads and level. InvalidArgument for a
// module that is no problem and symbols that do not fit; DataLoss when the results lie beyond the
// tolerance: nothing is timed then.
absl::Status BenchDispatch(mlir::ModuleOp problem, const DispatchBenchOptions& options,
                           LimitProbes& probes, Report& report);

}  // namespace lathe
