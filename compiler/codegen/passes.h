// The pass of phase `lower`.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "mlir/Pass/Pass.h"

namespace lathe {

// targets: names as FindTarget takes them.
std::unique_ptr<mlir::Pass> CreateLowerDispatchesPass(std::vector<std::string> targets = {"cpu"});

}  // namespace lathe
