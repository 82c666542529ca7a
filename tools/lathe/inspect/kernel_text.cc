#include "tools/lathe/inspect/kernel_text.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "compiler/codegen/kernel_modules.h"
#include "compiler/target/target.h"
#include "llvm/Object/ELFObjectFile.h"
#include "runtime/base/status_macros.h"
#include "runtime/base/strings.h"
#include "tools/lathe/inspect/ir_text.h"

namespace lathe {
namespace {

// The kernel's body is lowered in place, so that each is compiled once.
absl::StatusOr<CpuObject> CompileFrom(mlir::ModuleOp module, const artifact::Code& code,
                                      const std::string& symbol) {
  LATHE_ASSIGN_OR_RETURN(Target target, FindTarget(code.target()));
  LATHE_ASSIGN_OR_RETURN(CpuLevel level, FindLevel(target, code.feature_level()));
  mlir::ModuleOp kernels = FindKernels(module, target);
  if (!kernels) return absl::NotFoundError("the IR of phase lower holds no kernels");
  LATHE_ASSIGN_OR_RETURN(std::vector<LoweredKernel> lowered, KernelsOfLevel(kernels, level));
  for (LoweredKernel& kernel : lowered) {
    if (kernel.symbol != symbol) continue;
    LATHE_ASSIGN_OR_RETURN(CpuObject object, CompileCpu(kernel.body, level, /*keep_text=*/true),
                           "kernel ", symbol, " for ", level.name);
    object.name = symbol;
    return object;
  }
  return absl::NotFoundError(absl::StrCat("the IR of phase lower holds no kernel ", symbol));
}

}  // namespace

absl::StatusOr<std::string> FindKernel(const artifact::Manifest& manifest,
                                       const std::string& name) {
  std::vector<std::string> names;
  for (const artifact::Program& program : manifest.programs()) {
    for (const artifact::Kernel& kernel : program.kernels()) {
      if (kernel.symbol() == name) return name;
      names.push_back(kernel.symbol());
    }
    for (const artifact::Command& command : program.commands()) {
      if (command.name() == name)
        return program.kernels(static_cast<int>(command.kernel())).symbol();
      names.push_back(command.name());
    }
  }
  std::string nearest = Nearest(name, names);
  return absl::NotFoundError(
      absl::StrCat("no kernel or dispatch is called ", Quoted(name),
                   "; lathe inspect ARTIFACT --program lists them",
                   nearest.empty() ? "" : absl::StrCat(" (did you mean ", nearest, "?)")));
}

absl::StatusOr<std::vector<const artifact::Code*>> CodeOfLevel(const artifact::Manifest& manifest,
                                                               const std::string& level) {
  std::vector<const artifact::Code*> found;
  std::vector<std::string> levels;
  for (const artifact::Code& code : manifest.code()) {
    levels.push_back(code.feature_level());
    if (level.empty() || code.feature_level() == level) found.push_back(&code);
  }
  if (!found.empty()) return found;
  return absl::NotFoundError(absl::StrCat("the artifact has no code for level ", Quoted(level),
                                          "; it has: ", absl::StrJoin(levels, ", ")));
}

absl::StatusOr<std::string> KernelAssembly(const Artifact& artifact, const artifact::Code& code,
                                           const std::string& symbol) {
  LATHE_ASSIGN_OR_RETURN(
      absl::string_view text,
      artifact.Section(absl::StrCat("asm.", code.target(), ".", code.feature_level())));
  std::string head = absl::StrCat(";; kernel ", symbol, "\n");
  size_t begin = text.find(ToAbsl(head));
  if (begin == absl::string_view::npos) return std::string();
  size_t end = text.find("\n;; kernel ", begin + head.size());
  return std::string(text.substr(begin, end == absl::string_view::npos ? end : end - begin + 1));
}

absl::StatusOr<std::vector<CpuObject>> CompileAgain(const Artifact& artifact,
                                                    absl::Span<const artifact::Code* const> codes,
                                                    const std::string& symbol) {
  LATHE_ASSIGN_OR_RETURN(IrModule ir, ParseIr(artifact, "lower"));
  std::vector<CpuObject> objects;
  for (const artifact::Code* code : codes) {
    LATHE_ASSIGN_OR_RETURN(CpuObject object, CompileFrom(*ir.module, *code, symbol));
    objects.push_back(std::move(object));
  }
  return objects;
}

absl::StatusOr<uint64_t> InstructionBytes(const CpuObject& object) {
  auto file = llvm::object::ObjectFile::createELFObjectFile(
      llvm::MemoryBufferRef(object.bytes, object.name));
  if (!file) return absl::InternalError(llvm::toString(file.takeError()));
  uint64_t bytes = 0;
  for (const llvm::object::SectionRef& section : (*file)->sections())
    if (section.isText()) bytes += section.getSize();
  return bytes;
}

}  // namespace lathe
