// Runs a planned module as machine code, step after step, on data in memory.
//   LATHE_ASSIGN_OR_RETURN(auto compiled, CompiledCase::Make(*planned, weights));
//   LATHE_ASSIGN_OR_RETURN(auto steps, compiled->Run("x86-64-v3", /*threads=*/2, inputs));
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "compiler/interpret/interpreter.h"
#include "runtime/artifact/artifact_reader.h"

namespace lathe::op_fuzz {

using StepTensors = std::vector<Interpreter::NamedTensors>;

class CompiledCase {
 public:
  // `module` went through phase plan. Errors: those of phase emit.
  static absl::StatusOr<std::unique_ptr<CompiledCase>> Make(mlir::ModuleOp module,
                                                            const TensorSource& weights);

  // The outputs of each step at a feature level that this CPU has.
  absl::StatusOr<StepTensors> Run(const std::string& level, int threads, const StepTensors& inputs);

 private:
  CompiledCase(std::string folder, Artifact artifact)
      : folder_(std::move(folder)), artifact_(std::move(artifact)) {}

  std::string folder_;
  Artifact artifact_;
};

// The feature levels of target "cpu" that this machine can run.
std::vector<std::string> LevelsHere();

}  // namespace lathe::op_fuzz
