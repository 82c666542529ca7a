// What `lathe --version` says beyond the name.
#pragma once

#include <vector>

#include "tools/common/version_text.h"

namespace lathe {

// RunnerVersionFacts(), the format version that the compiler writes, and the LLVM that it runs
// with.
std::vector<VersionFact> CompilerVersionFacts();

}  // namespace lathe
