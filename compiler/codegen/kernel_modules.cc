#include "compiler/codegen/kernel_modules.h"

#include "absl/strings/str_cat.h"
#include "mlir/IR/Builders.h"

namespace lathe {
namespace {

std::string ModuleName(const Target& target) { return absl::StrCat("kernels.", target.name); }

}  // namespace

mlir::ModuleOp FindKernels(mlir::ModuleOp module, const Target& target) {
  for (auto inner : module.getOps<mlir::ModuleOp>()) {
    if (inner.getSymName() == ModuleName(target)) return inner;
  }
  return nullptr;
}

mlir::ModuleOp CreateKernels(mlir::ModuleOp module, const Target& target) {
  mlir::OpBuilder builder = mlir::OpBuilder::atBlockEnd(module.getBody());
  return mlir::ModuleOp::create(builder, module.getLoc(), ModuleName(target));
}

absl::StatusOr<std::vector<LoweredKernel>> KernelsOfLevel(mlir::ModuleOp kernels,
                                                          const CpuLevel& level) {
  for (auto inner : kernels.getOps<mlir::ModuleOp>()) {
    if (inner.getSymName() != level.name) continue;
    std::vector<LoweredKernel> found;
    for (auto body : inner.getOps<mlir::ModuleOp>()) {
      auto scratch = body->getAttrOfType<mlir::IntegerAttr>("lathe.scratch_bytes");
      if (!body.getSymName() || !scratch) {
        return absl::InvalidArgumentError(
            absl::StrCat("a kernel of level ", level.name,
                         " lacks its name or its attribute lathe.scratch_bytes"));
      }
      found.push_back({body.getSymName()->str(), scratch.getInt(), body});
    }
    return found;
  }
  return absl::InvalidArgumentError(
      absl::StrCat("the module holds no kernels of level ", level.name, ": run phase lower first"));
}

}  // namespace lathe
