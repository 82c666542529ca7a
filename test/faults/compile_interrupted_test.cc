// A compile that is killed, whose reads and writes are cut up, or that may not write: the name
// holds the old file or the new one, whole.
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <thread>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "test/faults/limited.h"
#include "test/support/data.h"

namespace lathe {
namespace {

using ::testing::AllOf;
using ::testing::AnyOf;
using testing::BinaryPath;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::NamesIn;
using testing::ProcessResult;
using testing::ReadFileOrDie;
using testing::RunLimited;
using testing::TempDir;

std::vector<std::string> CompileWords(const std::string& output) {
  return {BinaryPath("lathe"),
          "compile",
          testing::SourcePath("test/data/golden/qwen3_tied"),
          "-o",
          output,
          "--threads=2"};
}

using Clock = std::chrono::steady_clock;

// True when it ended by itself before `after`.
bool KillAfter(const std::vector<std::string>& words, Clock::duration after) {
  const pid_t child = ::fork();
  if (child == 0) {
    std::vector<char*> argv;
    for (const std::string& word : words) argv.push_back(const_cast<char*>(word.c_str()));
    argv.push_back(nullptr);
    ::freopen("/dev/null", "w", stderr);
    ::execv(argv[0], argv.data());
    ::_exit(127);
  }
  std::this_thread::sleep_for(after);
  ::kill(child, SIGKILL);
  int status = 0;
  ::waitpid(child, &status, 0);
  return WIFEXITED(status);
}

TEST(CompileInterruptedTest, KilledAtAnyTimeTheNameHoldsAWholeFile) {
  const std::string whole = TempDir() + "/whole.lathe";
  const auto start = Clock::now();
  ASSERT_EQ(RunLimited({}, CompileWords(whole)).exit_code, 0);
  const auto takes = Clock::now() - start;
  const std::string fresh = ReadFileOrDie(whole);
  const std::string folder = TempDir();
  const std::string output = folder + "/m.lathe";
  testing::WriteFileOrDie(output, "what stood there before");
  constexpr int kTimes = 8;
  for (int i = 0; i < kTimes; ++i) {
    // The file is written at the end: most of the times lie there.
    KillAfter(CompileWords(output), takes * (kTimes + i) / (2 * kTimes - 2));
    EXPECT_THAT(ReadFileOrDie(output), AnyOf("what stood there before", fresh)) << i;
    for (const std::string& name : NamesIn(folder))
      EXPECT_TRUE(name == "m.lathe" || absl::EndsWith(name, ".partial")) << name;
  }
}

TEST(CompileInterruptedTest, ReadsAndWritesMayBeShortAndInterrupted) {
  const std::string folder = TempDir();
  ASSERT_EQ(RunLimited({}, CompileWords(folder + "/a.lathe")).exit_code, 0);
  ProcessResult run = RunLimited({.short_reads = true}, CompileWords(folder + "/b.lathe"));
  ASSERT_EQ(run.exit_code, 0) << run.err;
  EXPECT_TRUE(ReadFileOrDie(folder + "/a.lathe") == ReadFileOrDie(folder + "/b.lathe"));
}

TEST(CompileInterruptedTest, AReadOnlyFolder) {
  if (!testing::CanBecomeNobody()) GTEST_SKIP() << "root may write everywhere";
  const std::string folder = testing::OpenFolder();
  ProcessResult run = RunLimited({.as_nobody = true}, CompileWords(folder + "/m.lathe"));
  EXPECT_EQ(run.exit_code, 1);
  EXPECT_THAT(run.err, AllOf(HasSubstr(absl::StrCat("cannot write ", folder, "/m.lathe")),
                             HasSubstr("Permission denied")));
  EXPECT_THAT(NamesIn(folder), IsEmpty());
}

}  // namespace
}  // namespace lathe
