// An independent check of a buffer plan: it knows nothing of how offsets were chosen.
#pragma once

#include "mlir/Dialect/Func/IR/FuncOps.h"

namespace lathe {

// Every buffer has an offset, lies inside the workspace, is aligned, and shares no byte with
// another that lives at the same time: proven for all values of the runtime symbols. What cannot be
// proven is an error at the dispatch.
mlir::LogicalResult VerifyBufferPlan(mlir::func::FuncOp func);

}  // namespace lathe
