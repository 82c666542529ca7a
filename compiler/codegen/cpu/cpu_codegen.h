// Turns kernels in MLIR into machine code: one linked ELF shared object a feature level, without
// imports and without relocations.
//   LATHE_ASSIGN_OR_RETURN(CpuCode code, CompileKernels(kernels, level, {.threads = 2}));
//   code.elf -> section "code.cpu.x86-64-v4" of the artifact
#pragma once

#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "compiler/lower/kernel_builder.h"
#include "compiler/target/target.h"
#include "mlir/IR/BuiltinOps.h"

namespace lathe {

// A kernel as text: a module with one exported llvm.func called `name`. Text, because every kernel
// is compiled in a context of its own.
struct KernelSource {
  std::string name;
  std::string mlir;
};

struct CpuCodeOptions {
  int threads = 1;
  bool keep_text = false;  // also make assembly and LLVM IR, for dumps and inspection
};

// An unlinked object with, on demand, the texts it came from.
struct CpuObject {
  std::string name;
  std::string bytes;     // relocatable ELF
  std::string assembly;  // empty without keep_text
  std::string llvm_ir;
};

struct CpuCode {
  std::string elf;                 // shared object that exports every kernel
  std::vector<CpuObject> kernels;  // bytes are dropped after linking
};

// The dialects that kernel modules are written in.
void RegisterKernelDialects(mlir::DialectRegistry& registry);

// The MLIR text of `module`, as KernelSource holds it.
std::string PrintKernel(mlir::ModuleOp module);

// The kernel `name` that `emit` adds to an empty module, for `level`.
KernelSource EmitKernel(const std::string& name, const CpuLevel& level,
                        absl::FunctionRef<void(KernelBuilder&)> emit);

// Compiles one module, which is lowered in place.
absl::StatusOr<CpuObject> CompileCpu(mlir::ModuleOp module, const CpuLevel& level,
                                     bool keep_text = false);

// Links objects into a shared object; refuses undefined symbols and relocations. Calls are
// serialised: lld keeps global state.
absl::StatusOr<std::string> LinkCpu(absl::Span<const CpuObject> objects);

// Compiles all kernels in parallel, then links them in the order given. The same kernels give the
// same bytes.
absl::StatusOr<CpuCode> CompileKernels(absl::Span<const KernelSource> kernels,
                                       const CpuLevel& level, const CpuCodeOptions& options);

}  // namespace lathe
