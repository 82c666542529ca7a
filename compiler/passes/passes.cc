#include "compiler/passes/passes.h"

namespace lathe {

void RegisterPasses() {
  mlir::registerPass([] { return CreateNormalizeGraphPass(); });
  mlir::registerPass([] { return CreatePlaceOnMeshPass(); });
  mlir::registerPass([] { return CreateChooseStoragePass(); });
  mlir::registerPass([] { return CreateFormDispatchesPass(); });
  mlir::registerPass([] { return CreateInlineLayersPass(); });
}

}  // namespace lathe
