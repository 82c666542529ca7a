#include "tools/common/fault_report.h"

#include <sys/resource.h>
#include <unistd.h>

#include <csignal>
#include <memory>
#include <vector>

#include "gtest/gtest.h"
#include "runtime/base/mapped_file.h"
#include "test/support/data.h"
#include "test/support/sanitizer.h"
#include "test/support/status_matchers.h"
#include "tools/common/command.h"

namespace lathe {
namespace {

using ::testing::ExitedWithCode;
using ::testing::KilledBySignal;

// Handlers belong to a process: each test has one of its own.
class FaultReportDeathTest : public ::testing::Test {};

TEST_F(FaultReportDeathTest, AFileThatIsCutShortIsNamed) {
  const std::string path = testing::TempDir() + "/file";
  testing::WriteFileOrDie(path, std::string(3 * 4096, 'x'));
  LATHE_ASSERT_OK_AND_ASSIGN(MappedFile file, MappedFile::Open(path));
  EXPECT_EXIT(
      {
        InstallFaultReports("lathe-test");
        if (::truncate(path.c_str(), 4096) != 0) ::_exit(9);
        volatile char sum = 0;
        for (char byte : file.bytes()) sum = static_cast<char>(sum + byte);
      },
      ExitedWithCode(kExitInputFault), "lathe-test: .*/file: byte 4096 cannot be read any more");
}

TEST_F(FaultReportDeathTest, AnotherBusErrorEndsTheProcessAsBefore) {
  EXPECT_EXIT(
      {
        InstallFaultReports("lathe-test");
        ::raise(SIGBUS);
        ::raise(SIGBUS);
      },
      KilledBySignal(SIGBUS), "");
}

TEST_F(FaultReportDeathTest, ACrashIsTold) {
  struct sigaction present = {};
  ::sigaction(SIGSEGV, nullptr, &present);
  if (present.sa_handler != SIG_DFL) GTEST_SKIP() << "a sanitizer tells of crashes itself";
  EXPECT_EXIT(
      {
        InstallFaultReports("lathe-test");
        ::raise(SIGSEGV);
        ::raise(SIGSEGV);
      },
      KilledBySignal(SIGSEGV), "lathe-test: crashed by an access to memory that is not there");
}

void CrashWithoutMemory() {
  InstallFaultReports("lathe-test");
  rlimit limit = {};
  limit.rlim_cur = limit.rlim_max = 1 << 20;
  ::setrlimit(RLIMIT_AS, &limit);
  ::raise(SIGSEGV);
}

// As where a library does not look at what malloc gave it.
TEST_F(FaultReportDeathTest, ACrashWithoutMemoryIsWantOfMemory) {
  struct sigaction present = {};
  ::sigaction(SIGSEGV, nullptr, &present);
  if (present.sa_handler != SIG_DFL) GTEST_SKIP() << "a sanitizer tells of crashes itself";
  EXPECT_EXIT(CrashWithoutMemory(), ExitedWithCode(kExitInputFault),
              "lathe-test: out of memory \\(in a library\\): ");
}

void TakeMemoryWithoutEnd() {
  InstallFaultReports("lathe-test");
  rlimit limit = {};
  limit.rlim_cur = limit.rlim_max = 64 << 20;
  ::setrlimit(RLIMIT_AS, &limit);
  std::vector<std::unique_ptr<std::vector<char>>> held;
  while (true) held.push_back(std::make_unique<std::vector<char>>(1 << 20));
}

TEST_F(FaultReportDeathTest, MemoryThatCannotBeHadIsTold) {
  if (testing::kHasAddressSanitizer) GTEST_SKIP() << "AddressSanitizer takes all addresses";
  EXPECT_EXIT(TakeMemoryWithoutEnd(), ExitedWithCode(kExitInputFault),
              "lathe-test: out of memory: the system gave no more to this process, which has "
              "[0-9]+ MiB of addresses of the 64 MiB that ulimit -v allows");
}

TEST_F(FaultReportDeathTest, ALibrarySaysWhatItWanted) {
  EXPECT_EXIT(
      {
        InstallFaultReports("lathe-test");
        EndWithoutMemory("a table");
      },
      ExitedWithCode(kExitInputFault), "lathe-test: out of memory \\(a table\\): ");
}

}  // namespace
}  // namespace lathe
