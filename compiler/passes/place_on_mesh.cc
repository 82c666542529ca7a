// --lathe-place-on-mesh: decides which device of the mesh holds what. With one device everything is
// on it, which the module records, so that later phases read the decision here and not from an
// option.
#include "compiler/passes/passes.h"
#include "mlir/IR/BuiltinOps.h"

namespace lathe {
namespace {

struct PlaceOnMesh : mlir::PassWrapper<PlaceOnMesh, mlir::OperationPass<mlir::ModuleOp>> {
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(PlaceOnMesh)
  llvm::StringRef getArgument() const final { return "lathe-place-on-mesh"; }
  llvm::StringRef getDescription() const final {
    return "place the program on a mesh of devices (one device)";
  }

  void runOnOperation() final {
    mlir::Builder builder(&getContext());
    getOperation()->setAttr("lathe.mesh", builder.getDenseI64ArrayAttr({1}));
  }
};

}  // namespace

std::unique_ptr<mlir::Pass> CreatePlaceOnMeshPass() { return std::make_unique<PlaceOnMesh>(); }

}  // namespace lathe
