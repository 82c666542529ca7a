#include "tools/lathe/opt/opt_main.h"

#include "compiler/pipeline/compile.h"
#include "compiler/pipeline/pipeline.h"
#include "mlir/Dialect/Func/Extensions/InlinerExtension.h"
#include "mlir/Tools/mlir-opt/MlirOptMain.h"
#include "mlir/Transforms/Passes.h"

namespace lathe {

int OptMain(int argc, char** argv) {
  mlir::DialectRegistry registry;
  RegisterCompilerDialects(registry);
  mlir::func::registerInlinerExtension(registry);
  RegisterAllPasses();
  mlir::registerTransformsPasses();
  llvm::LogicalResult result = mlir::MlirOptMain(argc, argv, "lathe opt\n", registry);
  return succeeded(result) ? 0 : 1;
}

}  // namespace lathe
