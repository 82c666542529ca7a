#include "tools/lathe/bench/problem_program.h"

#include <algorithm>
#include <cmath>

#include "absl/strings/str_cat.h"
#include "compiler/pipeline/compile.h"
#include "compiler/problem/problem.h"
#include "ops/attention/attention_ops.h"
#include "runtime/base/float_types.h"
#include "runtime/base/status_macros.h"
#include "runtime/base/temp_folder.h"

namespace lathe {
namespace {

absl::StatusOr<CompileOptions> OptionsFor(mlir::ModuleOp problem) {
  LATHE_ASSIGN_OR_RETURN(DispatchOp dispatch, DispatchOfProblem(problem));
  CompileOptions options;
  options.start_from = dispatch->hasAttr("kernels") ? Phase::kLower : Phase::kSelect;
  options.keep_ir = false;
  return options;
}

void Widen(absl::string_view name, double error, double largest, CheckResult& result) {
  const double share = error / std::max(largest, 1e-30);
  if (share <= result.error) return;
  result.error = share;
  result.where = std::string(name);
}

absl::Status CompareOutput(const std::string& name, const HostTensor& expected,
                           const OutputView& actual, CheckResult& result) {
  const auto count = static_cast<size_t>(expected.num_elements());
  if (actual.shape != expected.shape())
    return absl::InternalError(absl::StrCat(name, " has another shape than expected"));
  double error = 0;
  double largest = 0;
  for (size_t i = 0; i < count; ++i) {
    const double want = expected.dtype() == DType::kI32 ? expected.ints()[i] : expected.floats()[i];
    const double difference = std::fabs(double{LoadAsF32(actual.dtype, actual.data, i)} - want);
    // A NaN must not pass.
    if (!(difference <= error)) error = std::isnan(difference) ? HUGE_VAL : difference;
    largest = std::max(largest, std::fabs(want));
  }
  Widen(name, error, largest, result);
  return absl::OkStatus();
}

std::vector<KvHandle> LayersOf(mlir::ModuleOp problem) {
  std::vector<KvHandle> layers;
  problem.walk([&](CacheLayerOp layer) {
    layers.push_back({llvm::cast<KvCacheType>(layer.getCache().getType()).getName().str(),
                      static_cast<int64_t>(layer.getIndex())});
  });
  return layers;
}

}  // namespace

absl::StatusOr<std::unique_ptr<ProblemProgram>> ProblemProgram::Build(
    mlir::ModuleOp problem, const TensorSource& weights, const ProblemProgramOptions& options) {
  std::unique_ptr<ProblemProgram> built(new ProblemProgram);
  LATHE_ASSIGN_OR_RETURN(CompileOptions compile, OptionsFor(problem));
  mlir::OwningOpRef<mlir::ModuleOp> module = Replicate(problem, options.replicate);
  LATHE_ASSIGN_OR_RETURN(TempFolder folder, TempFolder::Make());
  const std::string path = folder.path() + "/problem.lathe";
  LATHE_RETURN_IF_ERROR(Compile(*module, weights, {}, compile, path).status());
  // The mapping holds the file when its name is gone.
  LATHE_ASSIGN_OR_RETURN(Artifact artifact, Artifact::Open(path));
  built->artifact_ = std::make_unique<Artifact>(std::move(artifact));
  LATHE_ASSIGN_OR_RETURN(
      built->device_, CpuDevice::Create({.threads = options.threads, .cpu_level = options.level}));
  LATHE_ASSIGN_OR_RETURN(built->program_,
                         Program::Load(*built->artifact_, "step", *built->device_));
  return built;
}

absl::StatusOr<BoundStep> BoundStep::Make(const ProblemProgram& program,
                                          const StepOperands& operands, uint64_t seed) {
  BoundStep step;
  LATHE_ASSIGN_OR_RETURN(step.caches_, CacheState::Make(program.manifest(), operands, seed));
  step.bindings_.symbols = operands.SymbolBindings();
  for (const SymbolBinding& binding : step.caches_.SymbolBindings())
    step.bindings_.symbols.push_back(binding);
  step.bindings_.inputs = operands.InputBindings();
  step.bindings_.kv_groups = step.caches_.Bindings();
  return step;
}

absl::StatusOr<CheckResult> CheckAgainstInterpreter(mlir::ModuleOp problem,
                                                    const TensorSource& weights,
                                                    ProblemProgram& program,
                                                    const StepOperands& operands, uint64_t seed) {
  LATHE_ASSIGN_OR_RETURN(BoundStep step, BoundStep::Make(program, operands, seed));
  const std::vector<KvHandle> layers = LayersOf(problem);
  KvState state;
  for (const KvHandle& layer : layers) LATHE_RETURN_IF_ERROR(step.caches().CopyTo(layer, state));
  LATHE_RETURN_IF_ERROR(program.program().Run(step.bindings()));
  Interpreter interpreter(problem, weights);
  LATHE_ASSIGN_OR_RETURN(Interpreter::NamedTensors expected,
                         interpreter.Run("step", operands.tensors(), state), "the interpreter");
  CheckResult result;
  for (const auto& [name, tensor] : expected) {
    LATHE_ASSIGN_OR_RETURN(OutputView actual, program.program().Output(name));
    LATHE_RETURN_IF_ERROR(CompareOutput(name, tensor, actual, result));
  }
  for (const KvHandle& layer : layers) {
    LATHE_ASSIGN_OR_RETURN(CacheState::Difference difference, step.caches().Compare(layer, state));
    Widen(absl::StrCat("cache ", layer.group), difference.error, difference.largest, result);
  }
  return result;
}

}  // namespace lathe
