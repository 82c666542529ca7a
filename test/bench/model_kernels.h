// The different kernels of models, found without their weights: what kernels_bench runs.
//   LATHE_ASSIGN_OR_RETURN(std::vector<ModelKernel> kernels,
//                          KernelsOfModels(&context, {"test/data/configs/qwen3_8b.json"},
//                          policies));
//   for (const BenchStep& step : StepsOf(kernels[0])) ...  // rows, and what to run them with
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "compiler/passes/storage_policy.h"
#include "compiler/problem/problem.h"
#include "mlir/IR/MLIRContext.h"
#include "tools/lathe/bench/step_operands.h"

namespace lathe::testing {

struct ModelKernel {
  std::string key;   // KernelChoice::key: equal keys are equal kernels
  std::string path;  // of the first dispatch that it runs: "qwen3_8b:mlp.down_proj"
  Problem problem;   // that dispatch alone, with its kernel chosen
};

// Builds the model of each config.json, stores its weights by each of `policies` and compiles it
// until every dispatch has a kernel for the CPU. A kernel that several dispatches, models or
// policies share is there once. `context` has the compiler's dialects loaded. Errors name the file.
absl::StatusOr<std::vector<ModelKernel>> KernelsOfModels(mlir::MLIRContext* context,
                                                         absl::Span<const std::string> configs,
                                                         absl::Span<const StoragePolicy> policies);

struct BenchStep {
  std::string
      name;  // "rows:8", with the keys in the caches where it reads them: "rows:8/keys:4096"
  SymbolValues symbols;
};

// Decoding with one sequence and with eight, a prompt of 512 tokens, and decoding far into a long
// context; once each where they are the same to the kernel.
absl::StatusOr<std::vector<BenchStep>> StepsOf(const ModelKernel& kernel);

}  // namespace lathe::testing
