#include "compiler/pipeline/dump_dispatches.h"

#include <sys/stat.h>

#include <cerrno>
#include <set>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "compiler/codegen/cpu/cpu_codegen.h"
#include "compiler/codegen/kernel_modules.h"
#include "compiler/problem/problem.h"
#include "ops/core/dialect.h"
#include "runtime/base/atomic_file.h"
#include "runtime/base/status_macros.h"

namespace lathe {
namespace {

constexpr size_t kMostNameBytes = 120;

// The kernels of each dispatch, by its name and then by target.
std::map<std::string, std::map<std::string, std::string>> KernelSymbols(mlir::ModuleOp module) {
  std::map<std::string, std::map<std::string, std::string>> symbols;
  module.walk([&](DispatchOp dispatch) {
    auto attribute = dispatch->getAttrOfType<mlir::DictionaryAttr>("symbols");
    if (!attribute) return;
    for (const mlir::NamedAttribute& entry : attribute) {
      if (auto symbol = llvm::dyn_cast<mlir::StringAttr>(entry.getValue()))
        symbols[dispatch.getName().str()][entry.getName().str()] = symbol.getValue().str();
    }
  });
  return symbols;
}

}  // namespace

absl::Status MakeFolder(const std::string& path) {
  if (::mkdir(path.c_str(), 0777) == 0 || errno == EEXIST) return absl::OkStatus();
  return absl::ErrnoToStatus(errno, absl::StrCat("cannot make the folder ", path));
}

std::string FolderName(absl::string_view dispatch) {
  std::string name;
  for (char c : dispatch.substr(0, kMostNameBytes)) {
    const bool is_plain = absl::ascii_isalnum(static_cast<unsigned char>(c)) ||
                          absl::string_view("._+-").find(c) != absl::string_view::npos;
    // A leading dot would hide the folder, and ".." is another one.
    name += is_plain && !(name.empty() && c == '.') ? c : '_';
  }
  return name.empty() ? "_" : name;
}

absl::StatusOr<DispatchDumper> DispatchDumper::Make(mlir::ModuleOp module,
                                                    absl::Span<const Target> targets,
                                                    const std::string& dir) {
  const std::string parent = dir + "/dispatches";
  LATHE_RETURN_IF_ERROR(MakeFolder(parent));
  LATHE_ASSIGN_OR_RETURN(std::vector<Problem> problems, ExtractProblems(module));
  const auto symbols = KernelSymbols(module);
  DispatchDumper dumper;
  std::set<std::string> taken;
  for (const Problem& problem : problems) {
    std::string name = FolderName(problem.name);
    // Names that differ only in characters that folders do without.
    for (int i = 2; !taken.insert(name).second; ++i)
      name = absl::StrCat(FolderName(problem.name), "-", i);
    Folder folder{absl::StrCat(parent, "/", name), {}};
    LATHE_RETURN_IF_ERROR(MakeFolder(folder.path));
    LATHE_RETURN_IF_ERROR(WriteFileAtomically(folder.path + "/problem.mlir", ProblemText(problem)));
    if (auto found = symbols.find(problem.name); found != symbols.end())
      folder.symbols = found->second;
    dumper.folders_.push_back(std::move(folder));
  }
  for (const Target& target : targets) LATHE_RETURN_IF_ERROR(dumper.WriteKernels(module, target));
  return dumper;
}

absl::Status DispatchDumper::WriteKernels(mlir::ModuleOp module, const Target& target) const {
  mlir::ModuleOp kernels = FindKernels(module, target);
  if (!kernels) return absl::OkStatus();
  for (const CpuLevel& level : target.levels) {
    LATHE_ASSIGN_OR_RETURN(std::vector<LoweredKernel> lowered, KernelsOfLevel(kernels, level));
    for (const LoweredKernel& kernel : lowered) {
      LATHE_RETURN_IF_ERROR(
          WriteToUsers(target.name, kernel.symbol, level.name + ".mlir", PrintKernel(kernel.body)));
    }
  }
  return absl::OkStatus();
}

absl::Status DispatchDumper::AddKernel(const KernelText& kernel) const {
  LATHE_RETURN_IF_ERROR(
      WriteToUsers(kernel.target, kernel.symbol, kernel.level + ".ll", kernel.llvm_ir));
  return WriteToUsers(kernel.target, kernel.symbol, kernel.level + ".s", kernel.assembly);
}

absl::Status DispatchDumper::WriteToUsers(const std::string& target, const std::string& symbol,
                                          const std::string& file, absl::string_view text) const {
  for (const Folder& folder : folders_) {
    const auto used = folder.symbols.find(target);
    if (used == folder.symbols.end() || used->second != symbol) continue;
    LATHE_RETURN_IF_ERROR(WriteFileAtomically(absl::StrCat(folder.path, "/", file), text));
  }
  return absl::OkStatus();
}

}  // namespace lathe
