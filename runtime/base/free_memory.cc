#include "runtime/base/free_memory.h"

#include <algorithm>
#include <fstream>
#include <sstream>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "runtime/base/cgroup.h"

namespace lathe {
namespace {

// A limit from here on stands for none: version 1 writes the largest multiple of a page.
constexpr uint64_t kNoLimit = uint64_t{1} << 60;

// /proc files have no size, so they are read to their end.
std::string ReadText(const std::string& path) {
  std::ifstream in(path);
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

// The number behind `key` in lines of "key number" or "key: number kB".
std::optional<uint64_t> NumberOf(absl::string_view text, absl::string_view key) {
  for (absl::string_view line : absl::StrSplit(text, '\n')) {
    const std::vector<absl::string_view> words =
        absl::StrSplit(line, absl::ByAnyChar(" \t"), absl::SkipEmpty());
    uint64_t value = 0;
    if (words.size() < 2 || words[0] != key || !absl::SimpleAtoi(words[1], &value)) continue;
    if (words.size() > 2 && words[2] == "kB") value *= 1024;
    return value;
  }
  return std::nullopt;
}

std::optional<uint64_t> NumberIn(const std::string& path) {
  uint64_t value = 0;
  const std::optional<std::string> line = FirstLine(path);
  if (!line || !absl::SimpleAtoi(*line, &value)) return std::nullopt;  // "max"
  return value;
}

std::optional<uint64_t> FreeOfGroup(const std::string& folder) {
  std::optional<uint64_t> limit = NumberIn(folder + "/memory.max");
  std::optional<uint64_t> used = NumberIn(folder + "/memory.current");
  absl::string_view cached_key = "inactive_file";
  if (!limit) {
    limit = NumberIn(folder + "/memory.limit_in_bytes");
    used = NumberIn(folder + "/memory.usage_in_bytes");
    cached_key = "total_inactive_file";
  }
  if (!limit || !used || *limit >= kNoLimit) return std::nullopt;
  // As Kubernetes counts a working set: the kernel gives these pages back before it kills.
  const uint64_t cached = NumberOf(ReadText(folder + "/memory.stat"), cached_key).value_or(0);
  const uint64_t kept = *used - std::min(*used, cached);
  return *limit - std::min(*limit, kept);
}

}  // namespace

std::optional<uint64_t> MachineFreeBytes(absl::string_view meminfo) {
  return NumberOf(meminfo, "MemAvailable:");
}

std::optional<uint64_t> CgroupFreeBytes(const std::string& proc, const std::string& cgroup_root) {
  std::optional<uint64_t> least;
  for (const std::string& folder : CgroupFolders(proc, cgroup_root, "memory")) {
    const std::optional<uint64_t> free = FreeOfGroup(folder);
    if (free && (!least || *free < *least)) least = free;
  }
  return least;
}

std::optional<FreeMemory> ReadFreeMemory() {
  const std::optional<uint64_t> machine = MachineFreeBytes(ReadText("/proc/meminfo"));
  const std::optional<uint64_t> group = CgroupFreeBytes(kOwnCgroups, kCgroupRoot);
  if (group && (!machine || *group < *machine)) return FreeMemory{*group, "the control group"};
  if (!machine) return std::nullopt;
  return FreeMemory{*machine, "the machine"};
}

std::optional<uint64_t> PeakResidentBytes() {
  return NumberOf(ReadText("/proc/self/status"), "VmHWM:");
}

}  // namespace lathe
