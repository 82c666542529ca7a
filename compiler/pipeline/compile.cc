#include "compiler/pipeline/compile.h"

#include <chrono>

#include "absl/strings/str_cat.h"
#include "compiler/codegen/cpu/cpu_codegen.h"
#include "compiler/pipeline/contracts.h"
#include "compiler/pipeline/diagnostics.h"
#include "compiler/pipeline/dump_dispatches.h"
#include "compiler/pipeline/pipeline.h"
#include "mlir/Parser/Parser.h"
#include "ops/dialect.h"
#include "runtime/base/atomic_file.h"
#include "runtime/base/mapped_file.h"
#include "runtime/base/status_macros.h"

namespace lathe {
namespace {

absl::StatusOr<std::vector<Target>> FindTargets(const std::vector<std::string>& names) {
  std::vector<Target> targets;
  for (const std::string& name : names) {
    LATHE_ASSIGN_OR_RETURN(Target target, FindTarget(name));
    targets.push_back(std::move(target));
  }
  if (targets.empty())
    return absl::InvalidArgumentError("no target is given; --target=cpu is the default");
  return targets;
}

absl::Status CheckOrder(const CompileOptions& options) {
  if (!options.start_from || !options.stop_after || *options.start_from <= *options.stop_after)
    return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat(
      "--start-from=", PhaseName(*options.start_from), " is behind --stop-after=",
      PhaseName(*options.stop_after), ": no phase is left to run (", PhaseNames(), ")"));
}

// The module less the bodies of its kernels; the first line says where those are.
std::string PrintWithoutKernels(mlir::ModuleOp module, absl::string_view where) {
  mlir::OwningOpRef<mlir::ModuleOp> graph(
      llvm::cast<mlir::ModuleOp>(module->cloneWithoutRegions()));
  mlir::OpBuilder builder = mlir::OpBuilder::atBlockEnd(&graph->getBodyRegion().emplaceBlock());
  for (mlir::Operation& op : *module.getBody()) {
    if (!llvm::isa<mlir::ModuleOp>(op)) builder.clone(op);
  }
  return absl::StrCat("// The kernels are in ", where, ".\n", PrintModule(*graph));
}

// Runs phases one after the other and keeps what dumps and artifact want of each.
class PhaseRunner {
 public:
  PhaseRunner(mlir::ModuleOp module, const CompileOptions& options, Attachments& attachments)
      : module_(module), options_(options), attachments_(attachments) {}

  // All phases but emit, which does not change the module.
  absl::Status Run() {
    if (options_.start_from) LATHE_RETURN_IF_ERROR(CheckEntry(*options_.start_from));
    if (NeedsText()) text_ = PrintModule(module_);
    for (const PhaseInfo& info : AllPhases()) {
      if (info.phase == Phase::kEmit) break;
      if (options_.start_from && info.phase < *options_.start_from) continue;
      if (options_.stop_after && info.phase > *options_.stop_after) break;
      LATHE_RETURN_IF_ERROR(RunOne(info));
    }
    return absl::OkStatus();
  }

 private:
  bool NeedsText() const {
    return !options_.dump_dir.empty() || options_.keep_ir || !options_.reproducer.empty();
  }

  // A module that enters late must look as if the earlier phases had run.
  absl::Status CheckEntry(Phase start) {
    if (start == Phase::kNormalize) return absl::OkStatus();
    Phase before = static_cast<Phase>(static_cast<int>(start) - 1);
    DiagnosticCollector diagnostics(module_->getContext());
    if (mlir::succeeded(VerifyContract(before, module_))) return absl::OkStatus();
    return Annotate(diagnostics.ToStatus("the contract does not hold"),
                    absl::StrCat("the module cannot enter at phase ", PhaseName(start)));
  }

  absl::Status RunOne(const PhaseInfo& info) {
    auto start = std::chrono::steady_clock::now();
    absl::Status status = RunPhase(info.phase, module_, options_);
    if (!status.ok()) return Failed(info, status);
    double seconds =
        std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    if (options_.on_phase) options_.on_phase(info.phase, seconds);
    if (!NeedsText()) return absl::OkStatus();
    text_ = PrintModule(module_);
    if (!options_.dump_dir.empty()) {
      std::string path = absl::StrCat(options_.dump_dir, "/", static_cast<int>(info.phase), ".",
                                      info.name, ".mlir");
      LATHE_RETURN_IF_ERROR(WriteFileAtomically(path, text_));
    }
    if (options_.keep_ir) {
      // Kernels make up most of the text, and phase plan leaves them alone.
      attachments_.texts.emplace_back(
          absl::StrCat("ir.", info.name),
          info.phase > Phase::kLower ? PrintWithoutKernels(module_, "ir.lower") : text_);
    }
    return absl::OkStatus();
  }

  absl::Status Failed(const PhaseInfo& info, const absl::Status& status) {
    std::string message = absl::StrCat("phase ", info.name, " failed: ", status.message());
    if (!options_.reproducer.empty()) {
      std::string text =
          absl::StrCat("// The module before phase ", info.name,
                       ", which failed. Again: lathe compile FOLDER --start-from=", info.name,
                       " --module=THIS_FILE\n// Command: ", options_.command_line, "\n", text_);
      absl::Status written = WriteFileAtomically(options_.reproducer, text);
      absl::StrAppend(&message, "\n",
                      written.ok()
                          ? absl::StrCat("the module before it is in ", options_.reproducer)
                          : std::string(written.message()));
    }
    return absl::Status(status.code(), message);
  }

  mlir::ModuleOp module_;
  const CompileOptions& options_;
  Attachments& attachments_;
  std::string text_;  // the module before the next phase, where NeedsText()
};

}  // namespace

void RegisterCompilerDialects(mlir::DialectRegistry& registry) {
  RegisterDialects(registry);
  RegisterKernelDialects(registry);
}

absl::StatusOr<CompileReport> Compile(mlir::ModuleOp module, const TensorSource& weights,
                                      Attachments attachments, const CompileOptions& options,
                                      const std::string& output) {
  LATHE_RETURN_IF_ERROR(CheckOrder(options));
  LATHE_ASSIGN_OR_RETURN(std::vector<Target> targets, FindTargets(options.targets));
  if (!options.dump_dir.empty()) LATHE_RETURN_IF_ERROR(MakeFolder(options.dump_dir));
  LATHE_RETURN_IF_ERROR(PhaseRunner(module, options, attachments).Run());
  CompileReport report;
  if (options.stop_after && *options.stop_after < Phase::kEmit) return report;
  auto start = std::chrono::steady_clock::now();
  EmitOptions emit;
  emit.threads = options.threads;
  emit.progress = options.on_weights;
  std::optional<DispatchDumper> dumper;
  if (!options.dump_dir.empty()) {
    LATHE_ASSIGN_OR_RETURN(dumper, DispatchDumper::Make(module, targets, options.dump_dir));
    emit.on_kernel = [&](const KernelText& kernel) { return dumper->AddKernel(kernel); };
  }
  LATHE_ASSIGN_OR_RETURN(report.emitted,
                         EmitArtifact(module, targets, weights, attachments, emit, output),
                         "phase emit failed");
  if (options.on_phase) {
    options.on_phase(
        Phase::kEmit,
        std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
  }
  return report;
}

absl::StatusOr<mlir::OwningOpRef<mlir::ModuleOp>> ReadModule(mlir::MLIRContext* context,
                                                             const std::string& path) {
  LATHE_ASSIGN_OR_RETURN(std::string text, ReadFile(path));
  return ParseModule(context, text, path);
}

absl::StatusOr<mlir::OwningOpRef<mlir::ModuleOp>> ParseModule(mlir::MLIRContext* context,
                                                              absl::string_view text,
                                                              const std::string& origin) {
  DiagnosticCollector diagnostics(context);
  auto module = mlir::parseSourceString<mlir::ModuleOp>(llvm::StringRef(text.data(), text.size()),
                                                        mlir::ParserConfig(context), origin);
  if (!module) return diagnostics.ToStatus(absl::StrCat(origin, " is not a module"));
  return module;
}

std::string PrintModule(mlir::ModuleOp module) {
  std::string text;
  llvm::raw_string_ostream out(text);
  mlir::OpPrintingFlags flags;
  // Locations carry the checkpoint paths that name dispatches, so a dump that re-enters must keep
  // them.
  flags.enableDebugInfo(true, /*prettyForm=*/false);
  module->print(out, flags);
  text += "\n";
  return text;
}

}  // namespace lathe
