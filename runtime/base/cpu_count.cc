#include "runtime/base/cpu_count.h"

#include <sched.h>

#include <algorithm>
#include <thread>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_split.h"
#include "runtime/base/cgroup.h"

namespace lathe {
namespace {

std::optional<int> Ratio(absl::string_view quota, absl::string_view period) {
  int64_t quota_us = 0;
  int64_t period_us = 0;
  if (!absl::SimpleAtoi(quota, &quota_us) || !absl::SimpleAtoi(period, &period_us)) {
    return std::nullopt;  // "max", or -1 below
  }
  if (quota_us <= 0 || period_us <= 0) return std::nullopt;
  const int64_t cpus = (quota_us - 1) / period_us + 1;
  return static_cast<int>(std::min<int64_t>(cpus, 1 << 16));
}

// Version 2: "cpu.max" holds "quota period" or "max period". Version 1: two files.
std::optional<int> QuotaOfGroup(const std::string& dir) {
  if (std::optional<std::string> line = FirstLine(dir + "/cpu.max")) {
    const std::vector<std::string> fields = absl::StrSplit(*line, ' ');
    return fields.size() == 2 ? Ratio(fields[0], fields[1]) : std::nullopt;
  }
  std::optional<std::string> quota = FirstLine(dir + "/cpu.cfs_quota_us");
  std::optional<std::string> period = FirstLine(dir + "/cpu.cfs_period_us");
  return quota && period ? Ratio(*quota, *period) : std::nullopt;
}

void Lower(std::optional<int>& best, std::optional<int> quota) {
  if (quota && (!best || *quota < *best)) best = quota;
}

}  // namespace

std::optional<int> CgroupCpuQuota(const std::string& proc, const std::string& cgroup_root) {
  std::optional<int> best;
  for (const std::string& folder : CgroupFolders(proc, cgroup_root, "cpu"))
    Lower(best, QuotaOfGroup(folder));
  return best;
}

std::vector<int> AllowedCpus() {
  std::vector<int> cpus;
  cpu_set_t set;
  CPU_ZERO(&set);
  if (::sched_getaffinity(0, sizeof(set), &set) != 0) return cpus;
  for (int cpu = 0; cpu < CPU_SETSIZE; ++cpu) {
    if (CPU_ISSET(cpu, &set)) cpus.push_back(cpu);
  }
  return cpus;
}

bool PinThread(int cpu) {
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(cpu, &set);
  return ::sched_setaffinity(0, sizeof(set), &set) == 0;
}

int AvailableCpus() {
  int cpus = static_cast<int>(AllowedCpus().size());
  if (cpus == 0) cpus = static_cast<int>(std::thread::hardware_concurrency());
  const std::optional<int> quota = CgroupCpuQuota(kOwnCgroups, kCgroupRoot);
  if (quota) cpus = std::min(cpus, *quota);
  return std::max(cpus, 1);
}

}  // namespace lathe
