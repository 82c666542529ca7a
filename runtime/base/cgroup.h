// The control groups of this process, whose limits bind it besides those of the machine.
//   for (const std::string& folder : CgroupFolders(kOwnCgroups, kCgroupRoot, "memory"))
//     std::optional<std::string> limit = FirstLine(folder + "/memory.max");
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace lathe {

inline constexpr char kOwnCgroups[] = "/proc/self/cgroup";
inline constexpr char kCgroupRoot[] = "/sys/fs/cgroup";

// The folders of the groups that the process is in for `controller` ("cpu"), from its own up to the
// root, in both versions of the file system. Some may not exist. `proc` and `root` are kOwnCgroups
// and kCgroupRoot but in tests.
std::vector<std::string> CgroupFolders(const std::string& proc, const std::string& root,
                                       absl::string_view controller);

// The first line of a small file of the kernel, whose size is not known before it is read; none
// when there is no such file.
std::optional<std::string> FirstLine(const std::string& path);

}  // namespace lathe
