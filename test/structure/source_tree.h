// The project's own files, as the structure test sees them.
#pragma once

#include <string>
#include <vector>

namespace lathe::structure {

struct SourceFile {
  std::string path;  // from the root: "runtime/base/dtype.h"
  std::vector<std::string> lines;
};

// Sources, headers, TableGen files, CMake files and documents under `root`, sorted by path; build
// folders and hidden folders are left out.
std::vector<SourceFile> ReadSourceTree(const std::string& root);

}  // namespace lathe::structure
