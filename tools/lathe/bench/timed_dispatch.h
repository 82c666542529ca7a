// One dispatch alone, ready to be run again and again: compiled with as many copies as its timing
// wants, loaded, and bound to a step of random numbers.
//   LATHE_ASSIGN_OR_RETURN(auto timed, TimedDispatch::Make(*problem.module, {.symbols = {{"tokens",
//   512}}}));
//   timed->Run();  // timed->copies() launches, each of timed->work()
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "mlir/IR/BuiltinOps.h"
#include "ops/core/dialect.h"
#include "runtime/base/roofline.h"
#include "tools/lathe/bench/problem_program.h"
#include "tools/lathe/bench/random_numbers.h"
#include "tools/lathe/bench/step_operands.h"

namespace lathe {

struct TimedDispatchOptions {
  SymbolValues symbols = {};  // on top of the problem's lathe.example
  std::string level = {};
  int threads = 1;
  // Weights and caches come from memory; none: where a dispatch does so little with each byte that
  // reading decides.
  std::optional<bool> cold = std::nullopt;
  uint64_t seed = 1;
};

class TimedDispatch {
 public:
  // `problem` must stay. InvalidArgument for a module that is no problem and symbols that do not
  // fit; else the errors of ProblemProgram::Build.
  static absl::StatusOr<std::unique_ptr<TimedDispatch>> Make(mlir::ModuleOp problem,
                                                             const TimedDispatchOptions& options);

  // Launches every copy once.
  absl::Status Run() { return program_->program().Run(step_->bindings()); }

  int copies() const { return replicate_.copies; }
  // Whether each copy reads weights and caches of its own, so that they come from memory.
  bool is_cold() const { return !replicate_.shares_weights; }
  // Of one copy.
  const Work& work() const { return work_; }
  ProblemProgram& program() { return *program_; }
  const RandomWeights& weights() const { return *weights_; }
  mlir::ModuleOp module() const { return module_; }
  DispatchOp dispatch() const { return dispatch_; }
  // As they were asked for, without those that follow from others.
  const SymbolValues& symbols() const { return symbols_; }

 private:
  explicit TimedDispatch(mlir::ModuleOp module) : module_(module) {}

  mlir::ModuleOp module_;
  DispatchOp dispatch_;
  SymbolValues symbols_;
  Work work_;
  ReplicateOptions replicate_;
  std::unique_ptr<RandomWeights> weights_;
  std::optional<StepOperands> operands_;
  std::unique_ptr<ProblemProgram> program_;
  std::optional<BoundStep> step_;  // of operands_
};

}  // namespace lathe
