// Too little memory, at many sizes: the tools end with a message that says so, never by a signal.
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "test/faults/limited.h"
#include "test/support/data.h"
#include "test/support/sanitizer.h"
#include "test/support/toy_model.h"

namespace lathe {
namespace {

using ::testing::AnyOf;
using testing::BinaryPath;
using ::testing::ElementsAre;
using testing::ExpectMemoryTold;
using ::testing::HasSubstr;
using testing::LeastToStart;
using testing::ProcessResult;
using testing::RunLimited;
using testing::TempDir;

TEST(MemoryTest, TheRunnerSaysWhatItCouldNotHave) {
  if (testing::kHasAddressSanitizer) GTEST_SKIP() << "AddressSanitizer takes all addresses";
  const std::string model = testing::WriteToyModel({});
  const std::string ids = TempDir() + "/ids.json";
  testing::WriteFileOrDie(ids, R"({"prompt_ids": [1, 2, 3], "max_new_tokens": 4})");
  const int64_t least = LeastToStart("lathe-run", 2, 1);
  int64_t failures = 0;
  bool succeeded = false;
  // From the least size in small steps, then in larger ones until it has all that it wants.
  for (int64_t mib = least; mib <= 4096 && !succeeded; mib += mib < least + 24 ? 1 : 1 + mib / 8) {
    ProcessResult run = RunLimited({.address_mib = mib}, {BinaryPath("lathe-run"), "run", model,
                                                          "--ids=" + ids, "--threads=3"});
    ExpectMemoryTold(run, mib);
    failures += run.exit_code == 1 ? 1 : 0;
    succeeded = run.exit_code == 0;
  }
  EXPECT_GT(failures, 0);
  EXPECT_TRUE(succeeded);
}

TEST(MemoryTest, ThreadsThatTheSystemDoesNotStart) {
  if (!testing::CanBecomeNobody()) GTEST_SKIP() << "limits of processes do not bind root";
  const std::string folder = testing::OpenFolder();
  const std::string model = folder + "/m.lathe";
  testing::WriteFileOrDie(model, testing::ReadFileOrDie(testing::WriteToyModel({})));
  testing::WriteFileOrDie(folder + "/ids.json",
                          R"({"prompt_ids": [1, 2, 3], "max_new_tokens": 4})");
  ProcessResult run = RunLimited(
      {.processes = 1, .as_nobody = true},
      {BinaryPath("lathe-run"), "run", model, "--ids=" + folder + "/ids.json", "--threads=9"});
  EXPECT_EQ(run.exit_code, 1);
  EXPECT_THAT(run.err, HasSubstr("the system started only 1 of 9 threads (its limits: ulimit -u, "
                                 "ulimit -v); use --threads=1"));
}

}  // namespace
}  // namespace lathe
