#include "runtime/base/cgroup.h"

#include <algorithm>
#include <fstream>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "runtime/base/strings.h"

namespace lathe {
namespace {

// The groups from `group` ("/a/b") up to the root of the hierarchy at `mount`.
void AddPath(const std::string& mount, std::string group, std::vector<std::string>& folders) {
  while (true) {
    folders.push_back(mount + group);
    const size_t slash = group.rfind('/');
    if (group.empty() || slash == std::string::npos) return;
    group.resize(slash);
  }
}

}  // namespace

std::optional<std::string> FirstLine(const std::string& path) {
  std::ifstream in(path);
  std::string line;
  if (!in || !std::getline(in, line)) return std::nullopt;
  return line;
}

std::vector<std::string> CgroupFolders(const std::string& proc, const std::string& root,
                                       absl::string_view controller) {
  std::vector<std::string> folders;
  std::ifstream in(proc);
  std::string line;
  while (std::getline(in, line)) {  // "hierarchy:controllers:path"
    const std::vector<std::string> fields = absl::StrSplit(line, absl::MaxSplits(':', 2));
    if (fields.size() != 3) continue;
    if (fields[1].empty()) {
      AddPath(root, fields[2], folders);
      continue;
    }
    const std::vector<std::string> controllers = absl::StrSplit(fields[1], ',');
    if (std::find(controllers.begin(), controllers.end(), ToStd(controller)) == controllers.end())
      continue;
    // The hierarchy is mounted under its controllers' names ("cpu,cpuacct") or under one alone.
    AddPath(absl::StrCat(root, "/", fields[1]), fields[2], folders);
    if (fields[1] != ToStd(controller))
      AddPath(absl::StrCat(root, "/", controller), fields[2], folders);
  }
  return folders;
}

}  // namespace lathe
