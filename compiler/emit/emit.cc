#include "compiler/emit/emit.h"

#include <sys/stat.h>

#include <chrono>

#include "absl/strings/str_cat.h"
#include "compiler/codegen/cpu/cpu_codegen.h"
#include "compiler/codegen/kernel_modules.h"
#include "compiler/emit/program_builder.h"
#include "mlir/IR/BuiltinAttributes.h"
#include "ops/moe/moe_ops.h"
#include "runtime/base/status_macros.h"
#include "runtime/base/version.h"

namespace lathe {
namespace {

double SecondsSince(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

// The machine code of one target and feature level.
struct LevelCode {
  std::string target;
  std::string level;
  CpuCode code;
};

absl::StatusOr<std::vector<LevelCode>> CompileTarget(mlir::ModuleOp module, const Target& target,
                                                     int threads) {
  mlir::ModuleOp kernels = FindKernels(module, target);
  if (!kernels)
    return absl::InvalidArgumentError(
        absl::StrCat("there are no kernels for ", target.name, ": run phase lower first"));
  std::vector<LevelCode> levels;
  for (const CpuLevel& level : target.levels) {
    LATHE_ASSIGN_OR_RETURN(std::vector<LoweredKernel> lowered, KernelsOfLevel(kernels, level));
    std::vector<KernelSource> sources;
    for (const LoweredKernel& kernel : lowered)
      sources.push_back({kernel.symbol, PrintKernel(kernel.body)});
    LATHE_ASSIGN_OR_RETURN(CpuCode code,
                           CompileKernels(sources, level, {.threads = threads, .keep_text = true}),
                           "level ", level.name);
    levels.push_back({target.name, level.name, std::move(code)});
  }
  return levels;
}

absl::Status ShowKernels(const std::vector<LevelCode>& levels, const EmitOptions& options) {
  if (!options.on_kernel) return absl::OkStatus();
  for (const LevelCode& level : levels) {
    for (const CpuObject& kernel : level.code.kernels) {
      LATHE_RETURN_IF_ERROR(options.on_kernel(
          {level.target, level.level, kernel.name, kernel.llvm_ir, kernel.assembly}));
    }
  }
  return absl::OkStatus();
}

// One text a level, kernels in order, each under a line ";; kernel NAME", so that inspect can cut
// one out.
std::string AssemblyText(const CpuCode& code) {
  std::string text;
  for (const CpuObject& kernel : code.kernels)
    absl::StrAppend(&text, ";; kernel ", kernel.name, "\n", kernel.assembly);
  return text;
}

absl::Status WriteCode(const std::vector<LevelCode>& levels, artifact::Manifest& manifest,
                       ArtifactWriter& writer) {
  for (const LevelCode& level : levels) {
    LATHE_ASSIGN_OR_RETURN(uint32_t section,
                           writer.AddSection(absl::StrCat("code.", level.target, ".", level.level),
                                             level.code.elf, /*lazy=*/false));
    artifact::Code* code = manifest.add_code();
    code->set_target(level.target);
    code->set_feature_level(level.level);
    code->set_section(section);
  }
  for (const LevelCode& level : levels) {
    LATHE_RETURN_IF_ERROR(writer
                              .AddSection(absl::StrCat("asm.", level.target, ".", level.level),
                                          AssemblyText(level.code), /*lazy=*/false)
                              .status());
  }
  return absl::OkStatus();
}

absl::Status WriteAttachments(const Attachments& attachments, ArtifactWriter& writer) {
  auto add = [&](absl::string_view name, const std::string& bytes) -> absl::Status {
    if (bytes.empty()) return absl::OkStatus();
    return writer.AddSection(name, bytes, /*lazy=*/false).status();
  };
  LATHE_RETURN_IF_ERROR(add("tokenizer", attachments.tokenizer));
  LATHE_RETURN_IF_ERROR(add("chat_template", attachments.chat_template));
  LATHE_RETURN_IF_ERROR(add("cases", attachments.cases));
  for (const auto& [name, text] : attachments.texts) LATHE_RETURN_IF_ERROR(add(name, text));
  return absl::OkStatus();
}

void DescribeModel(mlir::ModuleOp module, absl::Span<const Target> targets,
                   const Attachments& attachments, artifact::Manifest& manifest) {
  auto text = [&](llvm::StringRef name) {
    auto attribute = module->getAttrOfType<mlir::StringAttr>(name);
    return attribute ? attribute.getValue().str() : std::string();
  };
  manifest.set_model_name(attachments.model_name);
  manifest.set_family(text("lathe.family"));
  manifest.set_precision(text("lathe.precision"));
  if (auto context = module->getAttrOfType<mlir::IntegerAttr>("lathe.max_context"))
    manifest.set_max_context(context.getInt());
  auto step = module.lookupSymbol<mlir::func::FuncOp>("step");
  for (auto [index, type] : llvm::enumerate(step.getResultTypes())) {
    auto name =
        step.getResultAttrOfType<mlir::StringAttr>(static_cast<unsigned>(index), "lathe.name");
    if (name && name.getValue() == "logits")
      manifest.set_vocab_size(llvm::cast<mlir::RankedTensorType>(type).getShape().back());
  }
  module.walk([&](MoeDispatchOp dispatch) {
    manifest.set_num_experts(static_cast<int64_t>(dispatch.getNumExperts()));
    manifest.set_experts_per_row(
        llvm::cast<mlir::RankedTensorType>(dispatch.getExperts().getType()).getShape().back());
  });
  manifest.set_tokenizer_size(attachments.tokenizer_size);
  *manifest.mutable_generation() = attachments.generation;
  for (const auto& [name, value] : attachments.special_tokens) {
    artifact::NamedText* token = manifest.add_special_tokens();
    token->set_name(name);
    token->set_text(value);
  }
  for (const Target& target : targets) manifest.add_targets(target.name);
  artifact::Provenance& provenance = *manifest.mutable_provenance();
  provenance.set_compiler_version(LatheVersion());
  provenance.set_command(attachments.options);
  provenance.set_source_hash(attachments.source_hash);
}

}  // namespace

absl::StatusOr<EmitReport> EmitArtifact(mlir::ModuleOp module, absl::Span<const Target> targets,
                                        const TensorSource& weights, const Attachments& attachments,
                                        const EmitOptions& options, const std::string& path) {
  EmitReport report;
  artifact::Manifest manifest;
  WeightTable table;
  ProgramBuilder programs(manifest, table);
  std::vector<LevelCode> levels;
  auto start = std::chrono::steady_clock::now();
  for (const Target& target : targets) {
    LATHE_RETURN_IF_ERROR(programs.AddPrograms(module, target), "target ", target.name);
    LATHE_ASSIGN_OR_RETURN(std::vector<LevelCode> compiled,
                           CompileTarget(module, target, options.threads), "target ", target.name);
    std::move(compiled.begin(), compiled.end(), std::back_inserter(levels));
  }
  report.kernels_s = SecondsSince(start);
  LATHE_RETURN_IF_ERROR(ShowKernels(levels, options));

  DescribeModel(module, targets, attachments, manifest);
  start = std::chrono::steady_clock::now();
  LATHE_ASSIGN_OR_RETURN(ArtifactWriter writer, ArtifactWriter::Create(path));
  LATHE_ASSIGN_OR_RETURN(report.weights,
                         WriteWeights(table, weights, options.threads, options.progress, writer));
  LATHE_RETURN_IF_ERROR(WriteCode(levels, manifest, writer));
  LATHE_RETURN_IF_ERROR(WriteAttachments(attachments, writer));
  for (const artifact::Program& program : manifest.programs()) {
    report.num_kernels += static_cast<size_t>(program.kernels_size());
    report.num_commands += static_cast<size_t>(program.commands_size());
  }
  LATHE_RETURN_IF_ERROR(writer.Finish(std::move(manifest)));
  report.weights_s = SecondsSince(start);
  report.weight_bytes = StoredBytes(table);
  struct stat info;
  if (::stat(path.c_str(), &info) == 0) report.artifact_bytes = static_cast<uint64_t>(info.st_size);
  return report;
}

}  // namespace lathe
