#include "runtime/base/cgroup.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "test/support/data.h"

namespace lathe {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST(CgroupTest, FoldersGoFromTheOwnGroupToTheRoot) {
  const std::string proc = testing::TempDir() + "/proc";
  testing::WriteFileOrDie(proc, "0::/outer/inner\n");
  EXPECT_THAT(CgroupFolders(proc, "/fs", "memory"),
              ElementsAre("/fs/outer/inner", "/fs/outer", "/fs"));
  testing::WriteFileOrDie(proc, "4:memory:/a\n2:cpu,cpuacct:/\n1:name=systemd:/b\n");
  EXPECT_THAT(CgroupFolders(proc, "/fs", "memory"), ElementsAre("/fs/memory/a", "/fs/memory"));
  EXPECT_THAT(CgroupFolders(proc, "/fs", "cpu"),
              ElementsAre("/fs/cpu,cpuacct/", "/fs/cpu,cpuacct", "/fs/cpu/", "/fs/cpu"));
  EXPECT_THAT(CgroupFolders(proc, "/fs", "pids"), IsEmpty());
  testing::WriteFileOrDie(proc, "no colons\n");
  EXPECT_THAT(CgroupFolders(proc, "/fs", "cpu"), IsEmpty());
  EXPECT_THAT(CgroupFolders(proc + "/absent", "/fs", "cpu"), IsEmpty());
}

TEST(CgroupTest, FirstLineIsThatOfTheFile) {
  const std::string path = testing::TempDir() + "/file";
  testing::WriteFileOrDie(path, "12\n34\n");
  EXPECT_EQ(FirstLine(path), "12");
  testing::WriteFileOrDie(path, "");
  EXPECT_EQ(FirstLine(path), std::nullopt);
  EXPECT_EQ(FirstLine(path + ".absent"), std::nullopt);
}

}  // namespace
}  // namespace lathe
