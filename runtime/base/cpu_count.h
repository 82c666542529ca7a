// How many CPUs this process may really use: those of its affinity mask, less what the quotas of
// its control groups forbid.
#pragma once

#include <optional>
#include <string>
#include <vector>

namespace lathe {

// At least 1.
int AvailableCpus();

// The numbers of the CPUs in the process's affinity mask, ascending; empty where the system has
// more than a cpu_set_t holds.
std::vector<int> AllowedCpus();

// Binds the calling thread to one CPU. False where the system refuses.
bool PinThread(int cpu);

// The CPUs that the control groups grant, rounded up; none without a quota. Both versions of the
// cgroup file system are read, from the process's own group up to the root, and the smallest quota
// counts. `proc` and `cgroup_root` are /proc/self/cgroup and /sys/fs/cgroup.
std::optional<int> CgroupCpuQuota(const std::string& proc, const std::string& cgroup_root);

}  // namespace lathe
