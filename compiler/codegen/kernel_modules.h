// Where phase `lower` keeps kernels inside the module:
//   module @kernels.cpu { module @"x86-64-v4" { module @matmul_3f2a... attributes {lathe.key,
//   lathe.scratch_bytes} { llvm.func ... } } }
// Each kernel is a module of its own: it compiles alone, in any thread, and an edited dump can
// change one without touching others.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "compiler/target/target.h"
#include "mlir/IR/BuiltinOps.h"

namespace lathe {

// The module that holds the kernels of `target`, or null.
mlir::ModuleOp FindKernels(mlir::ModuleOp module, const Target& target);
mlir::ModuleOp CreateKernels(mlir::ModuleOp module, const Target& target);

struct LoweredKernel {
  std::string symbol;
  int64_t scratch_bytes = 0;
  mlir::ModuleOp body;
};

// The kernels of one feature level in the order of the module. InvalidArgument when an edited dump
// lost the level.
absl::StatusOr<std::vector<LoweredKernel>> KernelsOfLevel(mlir::ModuleOp kernels,
                                                          const CpuLevel& level);

}  // namespace lathe
