// Too little memory for the compiler, at many sizes.
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "test/faults/limited.h"
#include "test/support/data.h"

namespace lathe {
namespace {

using testing::BinaryPath;
using ::testing::ElementsAre;
using testing::ExpectMemoryTold;
using ::testing::IsEmpty;
using testing::LeastToStart;
using testing::NamesIn;
using testing::ProcessResult;
using testing::RunLimited;
using testing::SourcePath;
using testing::TempDir;

TEST(CompileMemoryTest, TheCompilerSaysSoAndLeavesNothing) {
  const int64_t least = LeastToStart("lathe", 128, 16);
  int64_t failures = 0;
  bool succeeded = false;
  for (int64_t mib = least; mib <= 8192 && !succeeded; mib += 8 + (mib - least) / 3) {
    const std::string folder = TempDir();
    ProcessResult run =
        RunLimited({.address_mib = mib},
                   {BinaryPath("lathe"), "compile", SourcePath("test/data/golden/qwen3_tied"), "-o",
                    folder + "/m.lathe", "--threads=2", "--no-keep-ir"});
    ExpectMemoryTold(run, mib);
    succeeded = run.exit_code == 0;
    failures += succeeded ? 0 : 1;
    if (succeeded) {
      EXPECT_THAT(NamesIn(folder), ElementsAre("m.lathe"));
    } else {
      EXPECT_THAT(NamesIn(folder), IsEmpty()) << mib << " MiB";
    }
  }
  EXPECT_GT(failures, 0);
  EXPECT_TRUE(succeeded);
}

}  // namespace
}  // namespace lathe
