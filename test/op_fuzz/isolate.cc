#include "test/op_fuzz/isolate.h"

#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "runtime/base/check.h"

namespace lathe::op_fuzz {
namespace {

// Kind, stage, text and lines, none of which holds a zero byte.
constexpr char kBetween = '\0';

std::string Pack(const Verdict& verdict) {
  return absl::StrCat(static_cast<int>(verdict.kind), std::string(1, kBetween), verdict.stage,
                      std::string(1, kBetween), verdict.text, std::string(1, kBetween),
                      absl::StrJoin(verdict.lines, std::string(1, kBetween)));
}

std::optional<Verdict> Unpack(const std::string& bytes) {
  std::vector<std::string> parts = absl::StrSplit(bytes, kBetween);
  int kind = 0;
  if (parts.size() < 4 || !absl::SimpleAtoi(parts[0], &kind)) return std::nullopt;
  return Verdict{static_cast<Verdict::Kind>(kind), parts[1], parts[2],
                 std::vector<std::string>(parts.begin() + 3, parts.end())};
}

void WriteAll(int fd, absl::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t done = ::write(fd, bytes.data(), bytes.size());
    if (done <= 0) return;
    bytes.remove_prefix(static_cast<size_t>(done));
  }
}

std::string ReadAll(int fd) {
  std::string bytes;
  char buffer[4096];
  for (ssize_t done = 0; (done = ::read(fd, buffer, sizeof(buffer))) > 0;)
    bytes.append(buffer, static_cast<size_t>(done));
  return bytes;
}

}  // namespace

Verdict CheckIsolated(mlir::ModuleOp module, const CaseRun& run, const Plant& plant, int limit_s) {
  int ends[2];
  LATHE_CHECK(::pipe(ends) == 0) << "no pipe";
  const pid_t child = ::fork();
  LATHE_CHECK(child >= 0) << "no process";
  if (child == 0) {
    ::close(ends[0]);
    const rlimit limit = {static_cast<rlim_t>(limit_s), static_cast<rlim_t>(limit_s)};
    ::setrlimit(RLIMIT_CPU, &limit);
    WriteAll(ends[1], Pack(CheckCase(module, run, plant)));
    ::_exit(0);
  }
  ::close(ends[1]);
  const std::string bytes = ReadAll(ends[0]);
  ::close(ends[0]);
  int status = 0;
  LATHE_CHECK(::waitpid(child, &status, 0) == child) << "a lost process";
  std::optional<Verdict> verdict = Unpack(bytes);
  if (verdict && WIFEXITED(status) && WEXITSTATUS(status) == 0) return *std::move(verdict);
  const std::string text = WIFSIGNALED(status)
                               ? absl::StrCat("ended by signal ", WTERMSIG(status))
                               : absl::StrCat("ended with exit code ", WEXITSTATUS(status));
  return {Verdict::Kind::kCrashed, "process", text, {absl::StrCat("process: ", text)}};
}

}  // namespace lathe::op_fuzz
