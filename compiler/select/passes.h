// The pass of phase `select`.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "mlir/Pass/Pass.h"

namespace lathe {

// targets: names as FindTarget takes them.
std::unique_ptr<mlir::Pass> CreateSelectKernelsPass(std::vector<std::string> targets = {"cpu"});

}  // namespace lathe
