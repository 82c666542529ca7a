// How much memory this process may still take, and who says so.
//   const std::optional<FreeMemory> free = ReadFreeMemory();
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "absl/strings/string_view.h"

namespace lathe {

struct FreeMemory {
  uint64_t bytes = 0;
  std::string source = {};  // "the machine" or "the control group"
};

// The lesser of what the machine has available without swapping and what the control groups of the
// process grant; none where the system tells neither.
std::optional<FreeMemory> ReadFreeMemory();

// The parts, for tests: `meminfo` is the text of /proc/meminfo.
std::optional<uint64_t> MachineFreeBytes(absl::string_view meminfo);
// Limits less what is in use, file pages that nobody used lately not counted. Both versions of the
// cgroup file system are read, as in cpu_count.h; none without a limit.
std::optional<uint64_t> CgroupFreeBytes(const std::string& proc, const std::string& cgroup_root);

// What the process had in memory at most so far, mapped files included; none where the system does
// not say. Unlike that of getrusage(), this number leaves out whoever started the process.
std::optional<uint64_t> PeakResidentBytes();

}  // namespace lathe
