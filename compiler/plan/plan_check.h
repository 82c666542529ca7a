// An independent check of a buffer plan: it knows nothing of how offsets were chosen.
#pragma once

#include "mlir/Dialect/Func/IR/FuncOps.h"

namespace lathe {

// Every buffer has an offset, lies inside the workspace, is aligned, and shares no byte with
// another that lives at the same time, checked at symbol values that cover each symbol being zero,
// one and large. Breaches are errors at the dispatch.
mlir::LogicalResult VerifyBufferPlan(mlir::func::FuncOp func);

}  // namespace lathe
