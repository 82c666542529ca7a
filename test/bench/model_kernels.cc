#include "test/bench/model_kernels.h"

#include <filesystem>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "compiler/pipeline/compile.h"
#include "compiler/select/candidates.h"
#include "compiler/target/target.h"
#include "models/models.h"
#include "runtime/base/status_macros.h"
#include "tools/lathe/bench/random_numbers.h"

namespace lathe::testing {
namespace {

// Rows of a step, the sequences that they belong to, and the keys that these have together.
struct StepShape {
  int64_t rows = 1;
  int64_t sequences = 1;
  int64_t keys = 512;
};
constexpr StepShape kSteps[] = {{1, 1, 512}, {8, 8, 8 * 512}, {512, 1, 512}, {1, 1, 8192}};

// The module behind phase select. Weights are asked for by phase emit only.
absl::StatusOr<mlir::OwningOpRef<mlir::ModuleOp>> Selected(mlir::MLIRContext* context,
                                                           const std::string& path,
                                                           const StoragePolicy& policy) {
  LATHE_ASSIGN_OR_RETURN(ConfigReader config, ConfigReader::Open(path));
  LATHE_ASSIGN_OR_RETURN(BuiltModel model, BuildModel(context, config, {}, [](const std::string&) {
                           return DType::kBF16;
                         }));
  CompileOptions options;
  options.storage = policy;
  options.stop_after = Phase::kSelect;
  options.keep_ir = false;
  const RandomWeights none{};
  LATHE_RETURN_IF_ERROR(Compile(*model.module, none, {}, options, /*output=*/"").status());
  return std::move(model.module);
}

// The kernels of `module` whose keys are not in `known` yet.
absl::Status AddKernels(mlir::ModuleOp module, const std::string& model, const Target& target,
                        std::set<std::string>& known, std::vector<ModelKernel>& kernels) {
  LATHE_ASSIGN_OR_RETURN(std::vector<Problem> problems, ExtractProblems(module));
  for (Problem& problem : problems) {
    LATHE_ASSIGN_OR_RETURN(DispatchOp dispatch, DispatchOfProblem(*problem.module));
    LATHE_ASSIGN_OR_RETURN(KernelChoice choice, ChosenKernel(dispatch, target));
    if (!known.insert(choice.key).second) continue;
    const std::string path = absl::StrCat(model, ":", problem.name);
    kernels.push_back({choice.key, path, std::move(problem)});
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::vector<ModelKernel>> KernelsOfModels(mlir::MLIRContext* context,
                                                         absl::Span<const std::string> configs,
                                                         absl::Span<const StoragePolicy> policies) {
  LATHE_ASSIGN_OR_RETURN(Target target, FindTarget("cpu"));
  std::set<std::string> known;
  std::vector<ModelKernel> kernels;
  for (const std::string& config : configs) {
    const std::string model = std::filesystem::path(config).stem().string();
    for (const StoragePolicy& policy : policies) {
      LATHE_ASSIGN_OR_RETURN(auto module, Selected(context, config, policy), config);
      LATHE_RETURN_IF_ERROR(AddKernels(*module, model, target, known, kernels), config);
    }
  }
  return kernels;
}

absl::StatusOr<std::vector<BenchStep>> StepsOf(const ModelKernel& kernel) {
  LATHE_ASSIGN_OR_RETURN(const SymbolValues example, ExampleSymbols(*kernel.problem.module));
  std::vector<BenchStep> steps;
  std::set<SymbolValues> known;
  for (const StepShape& shape : kSteps) {
    // Each sequence of a step makes one row of logits.
    const SymbolValues all = {{"tokens", shape.rows},
                              {"sequences", shape.sequences},
                              {"logit_rows", shape.sequences},
                              {"cached_keys", shape.keys}};
    SymbolValues symbols = example;
    for (auto& [name, value] : symbols) {
      if (auto given = all.find(name); given != all.end()) value = given->second;
    }
    if (!known.insert(symbols).second) continue;
    const int64_t rows = example.contains("tokens") ? shape.rows : shape.sequences;
    steps.push_back(
        {absl::StrCat("rows:", rows,
                      example.contains("cached_keys") ? absl::StrCat("/keys:", shape.keys) : ""),
         std::move(symbols)});
  }
  return steps;
}

}  // namespace lathe::testing
