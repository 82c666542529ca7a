#include "test/structure/source_tree.h"

#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>

namespace lathe::structure {
namespace {

bool IsSource(const std::filesystem::path& path) {
  static constexpr std::array<const char*, 11> kExtensions = {
      ".h", ".cc", ".td", ".def", ".cmake", ".txt", ".md", ".py", ".proto", ".cuh", ".mlir"};
  std::string extension = path.extension().string();
  return std::any_of(kExtensions.begin(), kExtensions.end(),
                     [&](const char* e) { return extension == e; });
}

}  // namespace

std::vector<SourceFile> ReadSourceTree(const std::string& root) {
  std::vector<SourceFile> files;
  for (auto it = std::filesystem::recursive_directory_iterator(root);
       it != std::filesystem::recursive_directory_iterator(); ++it) {
    std::string name = it->path().filename().string();
    if (it->is_directory()) {
      if (name == "build" || name == "data" || name.front() == '.') it.disable_recursion_pending();
      continue;
    }
    if (!it->is_regular_file() || !IsSource(it->path())) continue;
    SourceFile file{std::filesystem::relative(it->path(), root).string(), {}};
    std::ifstream in(it->path());
    for (std::string line; std::getline(in, line);) file.lines.push_back(line);
    files.push_back(std::move(file));
  }
  std::sort(files.begin(), files.end(),
            [](const SourceFile& a, const SourceFile& b) { return a.path < b.path; });
  return files;
}

}  // namespace lathe::structure
