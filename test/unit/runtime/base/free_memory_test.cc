#include "runtime/base/free_memory.h"

#include <sys/mman.h>

#include <cstring>
#include <filesystem>

#include "gtest/gtest.h"
#include "test/support/data.h"

namespace lathe {
namespace {

void WriteTo(const std::string& dir, const std::string& name, absl::string_view text) {
  std::filesystem::create_directories(dir);
  testing::WriteFileOrDie(dir + "/" + name, text);
}

TEST(FreeMemoryTest, TheMachineSaysKilobytes) {
  EXPECT_EQ(MachineFreeBytes("MemTotal:  100 kB\nMemFree: 7 kB\nMemAvailable:    50 kB\n"),
            50 * 1024);
  for (const char* text : {"", "MemAvailable:", "MemAvailable: x kB\n", "MemAvailable 5 kB\n"})
    EXPECT_EQ(MachineFreeBytes(text), std::nullopt) << text;
}

TEST(FreeMemoryTest, SecondVersionOfCgroups) {
  const std::string dir = testing::TempDir();
  WriteTo(dir, "proc", "0::/outer/inner\n");
  WriteTo(dir + "/fs/outer/inner", "memory.max", "max\n");
  WriteTo(dir + "/fs/outer/inner", "memory.current", "70\n");
  EXPECT_EQ(CgroupFreeBytes(dir + "/proc", dir + "/fs"), std::nullopt);
  WriteTo(dir + "/fs/outer", "memory.max", "1000\n");
  WriteTo(dir + "/fs/outer", "memory.current", "800\n");
  EXPECT_EQ(CgroupFreeBytes(dir + "/proc", dir + "/fs"), 200);
  WriteTo(dir + "/fs/outer", "memory.stat", "anon 500\ninactive_file 100\n");
  EXPECT_EQ(CgroupFreeBytes(dir + "/proc", dir + "/fs"), 300) << "old file pages can be given back";
  WriteTo(dir + "/fs/outer/inner", "memory.max",
          "60\n");  // the least counts; more than all is used
  EXPECT_EQ(CgroupFreeBytes(dir + "/proc", dir + "/fs"), 0);
}

TEST(FreeMemoryTest, FirstVersionOfCgroups) {
  const std::string dir = testing::TempDir();
  WriteTo(dir, "proc", "4:memory:/a\n");
  WriteTo(dir + "/fs/memory/a", "memory.limit_in_bytes", "9223372036854771712\n");  // none
  WriteTo(dir + "/fs/memory/a", "memory.usage_in_bytes", "10\n");
  EXPECT_EQ(CgroupFreeBytes(dir + "/proc", dir + "/fs"), std::nullopt);
  WriteTo(dir + "/fs/memory", "memory.limit_in_bytes", "4096\n");
  WriteTo(dir + "/fs/memory", "memory.usage_in_bytes", "96\n");
  WriteTo(dir + "/fs/memory", "memory.stat", "inactive_file 1\ntotal_inactive_file 50\n");
  EXPECT_EQ(CgroupFreeBytes(dir + "/proc", dir + "/fs"), 4050);
}

TEST(FreeMemoryTest, StrangeFilesMeanNoLimit) {
  const std::string dir = testing::TempDir();
  EXPECT_EQ(CgroupFreeBytes(dir + "/absent", dir), std::nullopt);
  WriteTo(dir, "proc", "0::/x\n");
  WriteTo(dir + "/x", "memory.current", "5\n");
  for (const char* text : {"", "-5", "a", "99999999999999999999999"}) {
    WriteTo(dir + "/x", "memory.max", text);
    EXPECT_EQ(CgroupFreeBytes(dir + "/proc", dir), std::nullopt) << text;
  }
}

TEST(FreeMemoryTest, ThisMachineHasSome) {
  const std::optional<FreeMemory> free = ReadFreeMemory();
  ASSERT_TRUE(free.has_value());
  EXPECT_GT(free->bytes, uint64_t{1} << 20);
  EXPECT_TRUE(free->source == "the machine" || free->source == "the control group");
}

TEST(FreeMemoryTest, ThePeakSeesWhatIsTouched) {
  constexpr size_t kBytes = size_t{32} << 20;
  const uint64_t before = PeakResidentBytes().value();
  EXPECT_GT(before, uint64_t{1} << 20);
  void* memory =
      ::mmap(nullptr, kBytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  ASSERT_NE(memory, MAP_FAILED);
  std::memset(memory, 1, kBytes);
  ::munmap(memory, kBytes);
  EXPECT_GE(PeakResidentBytes().value(), kBytes) << "gone, but it was there";
}

}  // namespace
}  // namespace lathe
