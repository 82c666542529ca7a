// The rules of the tree that a program can check. Each returns one line for each breach:
// "path:line: what, and what to do".
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "test/structure/source_tree.h"

namespace lathe::structure {

// Folder -> prefixes that it may see, from layers.txt.
using Layers = std::map<std::string, std::vector<std::string>>;
absl::StatusOr<Layers> ParseLayers(const std::string& text);

// "path reason..." lines: files that a rule excepts. A line without a reason is an error.
absl::StatusOr<std::map<std::string, std::string>> ParseExceptions(const std::string& text);

// Every #include and TableGen include stays within the layers.
std::vector<std::string> CheckLayers(const std::vector<SourceFile>& files, const Layers& layers);

// Names of architectures stand in models/, test/ and documents only.
std::vector<std::string> CheckNoModelNames(const std::vector<SourceFile>& files);

// x/y.cc has test/unit/x/y_test.cc, passes have test/lit/<path>.mlir; `untested` lists the rest
// with a reason and holds nothing else.
std::vector<std::string> CheckMirrors(const std::vector<SourceFile>& files,
                                      const std::map<std::string, std::string>& untested);

// Sources have at most 800 lines, headers 250.
std::vector<std::string> CheckSizes(const std::vector<SourceFile>& files,
                                    const std::map<std::string, std::string>& oversized);

// Each .cc is named in the CMakeLists.txt of its folder: what is not built is not tested.
std::vector<std::string> CheckBuilt(const std::vector<SourceFile>& files);

// No to-do without an issue number, no environment variables read outside of tests.
std::vector<std::string> CheckHabits(const std::vector<SourceFile>& files);

}  // namespace lathe::structure
