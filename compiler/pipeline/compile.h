// The one door of the compiler: module in, artifact out.
//   LATHE_ASSIGN_OR_RETURN(CompileReport report, Compile(*model.module, weights, attachments,
//   options, "m.lathe"));
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "compiler/emit/attachments.h"
#include "compiler/emit/emit.h"
#include "compiler/passes/storage_policy.h"
#include "compiler/pipeline/phases.h"
#include "compiler/select/tuning.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OwningOpRef.h"
#include "runtime/base/tensor_source.h"

namespace lathe {

struct CompileOptions {
  std::vector<std::string> targets = {"cpu"};
  StoragePolicy storage = {};
  std::vector<TuningRule> tuning = {};  // applied at the end of phase select
  int threads = 1;
  std::optional<Phase>
      start_from;  // the first phase that runs; the module must keep the contract of the one before
  std::optional<Phase> stop_after;  // the last phase that runs; without emit no artifact is written
  std::string
      dump_dir;  // "" = none; else D/<n>.<phase>.mlir after each phase, D/dispatches/ at emit (dump_dispatches.h)
  bool keep_ir = true;       // the artifact holds the module after each phase that ran, for inspect
  std::string reproducer;    // where the module before a failing phase goes; "" = nowhere
  std::string command_line;  // stands at the top of the reproducer
  // Called after each phase with its wall time.
  std::function<void(Phase phase, double seconds)> on_phase;
  Progress on_weights;
  std::function<void(const TuningReport& report)> on_tuning;
};

struct CompileReport {
  std::optional<EmitReport> emitted;  // none when stopped before emit
};

// The dialects of modules at any phase: lathe, func, and those of kernels.
void RegisterCompilerDialects(mlir::DialectRegistry& registry);

// Runs the phases on `module` in place. Errors say which phase, and name the reproducer when one
// was written. `output` appears only when everything succeeded.
absl::StatusOr<CompileReport> Compile(mlir::ModuleOp module, const TensorSource& weights,
                                      Attachments attachments, const CompileOptions& options,
                                      const std::string& output);

// Reads a module that was dumped after some phase. InvalidArgument with file, line and column.
absl::StatusOr<mlir::OwningOpRef<mlir::ModuleOp>> ReadModule(mlir::MLIRContext* context,
                                                             const std::string& path);

// The same for a text; `origin` stands in front of lines and columns.
absl::StatusOr<mlir::OwningOpRef<mlir::ModuleOp>> ParseModule(mlir::MLIRContext* context,
                                                              absl::string_view text,
                                                              const std::string& origin);

// The module as text, as dumps hold it.
std::string PrintModule(mlir::ModuleOp module);

}  // namespace lathe
