// The dumps of --dump-dir that a kernel tuner works on, a folder for each kind of dispatch:
//   D/dispatches/model.layers.0.mlp.down_proj/problem.mlir     the dispatch alone, for lathe bench
//                                             x86-64-v4.mlir   its kernel, as phase lower wrote it
//                                             x86-64-v4.ll     the same as LLVM IR, optimised
//                                             x86-64-v4.s      and as assembly
#pragma once

#include <map>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "compiler/emit/emit.h"
#include "compiler/target/target.h"
#include "mlir/IR/BuiltinOps.h"

namespace lathe {

// OK when the folder is there already.
absl::Status MakeFolder(const std::string& path);

class DispatchDumper {
 public:
  // Writes problems and kernels of `module`, which went through phase plan, below `dir`/dispatches.
  static absl::StatusOr<DispatchDumper> Make(mlir::ModuleOp module,
                                             absl::Span<const Target> targets,
                                             const std::string& dir);

  // Writes the texts of a kernel to the dispatches that it runs.
  absl::Status AddKernel(const KernelText& kernel) const;

 private:
  struct Folder {
    std::string path;
    std::map<std::string, std::string> symbols;  // kernel by target
  };
  absl::Status WriteKernels(mlir::ModuleOp module, const Target& target) const;
  absl::Status WriteToUsers(const std::string& target, const std::string& symbol,
                            const std::string& file, absl::string_view text) const;

  std::vector<Folder> folders_;
};

// A dispatch's name as that of a folder: letters, digits and "._+-", at most 120 of them.
std::string FolderName(absl::string_view dispatch);

}  // namespace lathe
