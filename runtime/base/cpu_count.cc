#include "runtime/base/cpu_count.h"

#include <sched.h>

#include <algorithm>
#include <fstream>
#include <sstream>
#include <thread>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

namespace lathe {
namespace {

// The first line of a small file of the kernel, whose size is not known before it is read; none
// when there is no such file.
std::optional<std::string> FirstLine(const std::string& path) {
  std::ifstream in(path);
  std::string line;
  if (!in || !std::getline(in, line)) return std::nullopt;
  return line;
}

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

// The groups from `group` ("/a/b") up to the root of the hierarchy at `mount`.
std::optional<int> QuotaOfPath(const std::string& mount, std::string group) {
  std::optional<int> best;
  while (true) {
    Lower(best, QuotaOfGroup(mount + group));
    const size_t slash = group.rfind('/');
    if (group.empty() || slash == std::string::npos) return best;
    group.resize(slash);
  }
}

}  // namespace

std::optional<int> CgroupCpuQuota(const std::string& proc, const std::string& cgroup_root) {
  std::optional<int> best;
  std::ifstream in(proc);
  std::string line;
  while (std::getline(in, line)) {  // "hierarchy:controllers:path"
    const std::vector<std::string> fields = absl::StrSplit(line, absl::MaxSplits(':', 2));
    if (fields.size() != 3) continue;
    if (fields[1].empty()) {
      Lower(best, QuotaOfPath(cgroup_root, fields[2]));
      continue;
    }
    const std::vector<std::string> controllers = absl::StrSplit(fields[1], ',');
    if (std::find(controllers.begin(), controllers.end(), "cpu") == controllers.end()) continue;
    // The hierarchy is mounted under its controllers' names ("cpu,cpuacct") or under "cpu" alone.
    Lower(best, QuotaOfPath(absl::StrCat(cgroup_root, "/", fields[1]), fields[2]));
    if (fields[1] != "cpu") Lower(best, QuotaOfPath(cgroup_root + "/cpu", fields[2]));
  }
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
  const std::optional<int> quota = CgroupCpuQuota("/proc/self/cgroup", "/sys/fs/cgroup");
  if (quota) cpus = std::min(cpus, *quota);
  return std::max(cpus, 1);
}

}  // namespace lathe
