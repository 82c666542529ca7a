#include "runtime/base/cpu_count.h"

#include <sched.h>

#include <filesystem>

#include "gtest/gtest.h"
#include "test/support/data.h"

namespace lathe {
namespace {

void WriteTo(const std::string& dir, const std::string& name, absl::string_view text) {
  std::filesystem::create_directories(dir);
  testing::WriteFileOrDie(dir + "/" + name, text);
}

TEST(CpuCountTest, IsPositiveAndWithinTheAffinityMask) {
  cpu_set_t set;
  CPU_ZERO(&set);
  ASSERT_EQ(::sched_getaffinity(0, sizeof(set), &set), 0);
  EXPECT_GE(AvailableCpus(), 1);
  EXPECT_LE(AvailableCpus(), CPU_COUNT(&set));
}

TEST(CpuCountTest, FollowsTheAffinityMask) {
  cpu_set_t before;
  CPU_ZERO(&before);
  ASSERT_EQ(::sched_getaffinity(0, sizeof(before), &before), 0);
  int first = 0;
  while (!CPU_ISSET(first, &before)) ++first;
  cpu_set_t one;
  CPU_ZERO(&one);
  CPU_SET(first, &one);
  ASSERT_EQ(::sched_setaffinity(0, sizeof(one), &one), 0);
  EXPECT_EQ(AvailableCpus(), 1);
  ASSERT_EQ(::sched_setaffinity(0, sizeof(before), &before), 0);
}

TEST(CpuCountTest, SecondVersionOfCgroups) {
  const std::string dir = testing::TempDir();
  WriteTo(dir, "proc", "0::/outer/inner\n");
  WriteTo(dir + "/fs/outer/inner", "cpu.max", "max 100000\n");
  EXPECT_EQ(CgroupCpuQuota(dir + "/proc", dir + "/fs"), std::nullopt);
  WriteTo(dir + "/fs/outer", "cpu.max", "250000 100000\n");  // rounded up
  EXPECT_EQ(CgroupCpuQuota(dir + "/proc", dir + "/fs"), 3);
  WriteTo(dir + "/fs/outer/inner", "cpu.max", "150000 100000\n");  // the smallest counts
  EXPECT_EQ(CgroupCpuQuota(dir + "/proc", dir + "/fs"), 2);
  WriteTo(dir + "/fs", "cpu.max", "50000 100000\n");  // the root, too
  EXPECT_EQ(CgroupCpuQuota(dir + "/proc", dir + "/fs"), 1);
}

TEST(CpuCountTest, FirstVersionOfCgroups) {
  const std::string dir = testing::TempDir();
  WriteTo(dir, "proc", "4:memory:/a\n2:cpu,cpuacct:/a/b\n");
  WriteTo(dir + "/fs/cpu,cpuacct/a/b", "cpu.cfs_quota_us", "-1\n");
  WriteTo(dir + "/fs/cpu,cpuacct/a/b", "cpu.cfs_period_us", "100000\n");
  WriteTo(dir + "/fs/memory/a", "cpu.cfs_quota_us", "100000\n");  // not the CPU's hierarchy
  WriteTo(dir + "/fs/memory/a", "cpu.cfs_period_us", "100000\n");
  EXPECT_EQ(CgroupCpuQuota(dir + "/proc", dir + "/fs"), std::nullopt);
  WriteTo(dir + "/fs/cpu/a", "cpu.cfs_quota_us", "400000\n");  // mounted as "cpu"
  WriteTo(dir + "/fs/cpu/a", "cpu.cfs_period_us", "100000\n");
  EXPECT_EQ(CgroupCpuQuota(dir + "/proc", dir + "/fs"), 4);
}

TEST(CpuCountTest, StrangeFilesMeanNoQuota) {
  const std::string dir = testing::TempDir();
  EXPECT_EQ(CgroupCpuQuota(dir + "/absent", dir), std::nullopt);
  WriteTo(dir, "proc", "no colons\n0::relative\n0::/x\n");
  for (const char* text : {"", "12", "a b", "1 0", "-5 100000", "9999999999999999999999 1"}) {
    WriteTo(dir + "/x", "cpu.max", text);
    EXPECT_EQ(CgroupCpuQuota(dir + "/proc", dir), std::nullopt) << text;
  }
}

}  // namespace
}  // namespace lathe
