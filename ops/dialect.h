// The whole dialect: registration for tools, loading for those who build or parse modules.
#pragma once

#include "mlir/IR/MLIRContext.h"

namespace lathe {

// The dialects that modules of Lathe are made of: lathe and func.
void RegisterDialects(mlir::DialectRegistry& registry);
void LoadDialects(mlir::MLIRContext& context);

}  // namespace lathe
