#include "test/faults/limited.h"

#include <unistd.h>

#include <algorithm>
#include <filesystem>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "test/support/data.h"

namespace lathe::testing {
namespace {

// `nobody` on every system that we know.
constexpr char kNobody[] = "65534";

}  // namespace

ProcessResult RunLimited(const Limits& limits, std::vector<std::string> words,
                         const ProcessOptions& options) {
  std::string script;
  if (limits.address_mib) absl::StrAppend(&script, "ulimit -v ", *limits.address_mib * 1024, "; ");
  if (limits.short_reads)
    absl::StrAppend(&script, "export LD_PRELOAD=", BinaryPath("short_io.so"), "; ");
  if (limits.as_nobody) {
    words.insert(words.begin(), {"setpriv", absl::StrCat("--reuid=", kNobody),
                                 absl::StrCat("--regid=", kNobody), "--clear-groups"});
  }
  if (limits.processes) {
    words.insert(words.begin(), {"prlimit", absl::StrCat("--nproc=", *limits.processes)});
  }
  absl::StrAppend(&script, "exec \"$@\"");
  words.insert(words.begin(), {"sh", "-c", script, "sh"});
  return RunProcess(words, options);
}

int64_t LeastToStart(const std::string& program, int64_t mib, int64_t step) {
  constexpr int64_t kMost = 4096;
  while (mib < kMost &&
         RunLimited({.address_mib = mib}, {BinaryPath(program), "--version"}).exit_code != 0)
    mib += step;
  return mib;
}

void ExpectMemoryTold(const ProcessResult& run, int64_t mib) {
  using ::testing::AnyOf;
  using ::testing::HasSubstr;
  EXPECT_THAT(run.exit_code, AnyOf(0, 1)) << mib << " MiB: " << run.err;
  if (run.exit_code == 0) return;
  EXPECT_THAT(run.err,
              AnyOf(HasSubstr("out of memory"), HasSubstr("no memory for"),
                    HasSubstr("Cannot allocate memory"), HasSubstr("the system started only")))
      << mib << " MiB";
}

bool CanBecomeNobody() {
  if (::geteuid() != 0) return false;
  return RunLimited({.as_nobody = true}, {"true"}).exit_code == 0;
}

std::vector<std::string> NamesIn(const std::string& folder) {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(folder))
    names.push_back(entry.path().filename().string());
  std::sort(names.begin(), names.end());
  return names;
}

std::string OpenFolder() {
  namespace fs = std::filesystem;
  const fs::path folder = TempDir();
  const fs::perms enter = fs::perms::owner_all | fs::perms::group_read | fs::perms::group_exec |
                          fs::perms::others_read | fs::perms::others_exec;
  fs::permissions(folder, enter);
  fs::permissions(folder.parent_path(), enter);
  return folder.string();
}

}  // namespace lathe::testing
