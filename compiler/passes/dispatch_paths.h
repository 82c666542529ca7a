// The paths in the model that a dispatch has: one in an entry, one for each call of the layer
// function that holds it. Phase plan names the inlined dispatches so; earlier phases can ask.
#pragma once

#include <string>
#include <vector>

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "ops/core/dialect.h"

namespace lathe {

// The path that a call stands for ("model.layers.3"), from its location.
std::string PathOfCall(mlir::func::CallOp call);

// In the order of the calls; none in a function that nobody calls.
std::vector<std::string> DispatchPaths(DispatchOp dispatch);

}  // namespace lathe
