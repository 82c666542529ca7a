// Phase emit: compiles the kernels, packs the weights and writes the artifact.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "compiler/emit/attachments.h"
#include "compiler/emit/write_weights.h"
#include "compiler/target/target.h"
#include "mlir/IR/BuiltinOps.h"
#include "runtime/base/tensor_source.h"

namespace lathe {

// A kernel as the code generator left it.
struct KernelText {
  std::string target;
  std::string level;
  std::string symbol;
  absl::string_view llvm_ir;
  absl::string_view assembly;
};

struct EmitOptions {
  int threads = 1;
  // Called with each kernel before the artifact is written; its error ends the phase.
  std::function<absl::Status(const KernelText& kernel)> on_kernel = {};
  Progress progress = {};
};

struct EmitReport {
  uint64_t artifact_bytes = 0;
  uint64_t weight_bytes = 0;
  std::vector<artifact::Weight> weights = {};  // as written
  size_t num_kernels = 0;                      // different ones
  size_t num_commands = 0;                     // launches of a step
  double kernels_s = 0;
  double weights_s = 0;
};

// `module` went through phase plan. Nothing stands under `path` unless all of it succeeded.
absl::StatusOr<EmitReport> EmitArtifact(mlir::ModuleOp module, absl::Span<const Target> targets,
                                        const TensorSource& weights, const Attachments& attachments,
                                        const EmitOptions& options, const std::string& path);

}  // namespace lathe
