// The pass of phase `plan`.
#pragma once

#include <memory>

#include "mlir/Pass/Pass.h"

namespace lathe {

std::unique_ptr<mlir::Pass> CreatePlanBuffersPass();

}  // namespace lathe
