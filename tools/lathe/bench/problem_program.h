// A problem, compiled and loaded: many copies of one dispatch as a program of the runtime.
//   LATHE_ASSIGN_OR_RETURN(auto program, ProblemProgram::Build(*module, weights, options));
//   LATHE_ASSIGN_OR_RETURN(BoundStep step, BoundStep::Make(*program, operands, seed));
//   program->Run(step, &record);
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "compiler/interpret/interpreter.h"
#include "compiler/problem/replicate.h"
#include "mlir/IR/BuiltinOps.h"
#include "runtime/artifact/artifact_reader.h"
#include "runtime/artifact/proto_types.h"
#include "runtime/base/tensor_source.h"
#include "runtime/device/cpu/cpu_device.h"
#include "runtime/program/program.h"
#include "tools/lathe/bench/cache_state.h"
#include "tools/lathe/bench/step_operands.h"

namespace lathe {

struct ProblemProgramOptions {
  ReplicateOptions replicate = {};
  int threads = 1;
  std::string level = {};  // as CpuOptions has it
};

class ProblemProgram {
 public:
  // `problem` stays as it is; it enters at phase lower when it has a kernel, else at select. Errors
  // are those of the compiler and of loading.
  static absl::StatusOr<std::unique_ptr<ProblemProgram>> Build(
      mlir::ModuleOp problem, const TensorSource& weights, const ProblemProgramOptions& options);

  const artifact::Manifest& manifest() const { return artifact_->manifest(); }
  Program& program() { return *program_; }
  // The symbol of its only kernel.
  const std::string& kernel() const { return program_->description().kernels(0).symbol(); }
  // The unit that does its arithmetic in the code that was loaded.
  ArithmeticUnit unit() const {
    return UnitOf(program_->description().kernels(0), program_->feature_level());
  }

 private:
  ProblemProgram() = default;

  std::unique_ptr<Artifact> artifact_;
  std::unique_ptr<CpuDevice> device_;
  std::unique_ptr<Program> program_;
};

// A step with its caches, bound to a program.
class BoundStep {
 public:
  // `operands` must stay.
  static absl::StatusOr<BoundStep> Make(const ProblemProgram& program, const StepOperands& operands,
                                        uint64_t seed);

  const StepBindings& bindings() const { return bindings_; }
  const CacheState& caches() const { return caches_; }

 private:
  CacheState caches_;
  StepBindings bindings_;
};

// The largest error of a dispatch against the interpreter on the same numbers, as a share of the
// largest number that it computes.
struct CheckResult {
  double error = 0;
  std::string where;  // the result with the largest error
};
absl::StatusOr<CheckResult> CheckAgainstInterpreter(mlir::ModuleOp problem,
                                                    const TensorSource& weights,
                                                    ProblemProgram& program,
                                                    const StepOperands& operands, uint64_t seed);

}  // namespace lathe
