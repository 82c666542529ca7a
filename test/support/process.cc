#include "test/support/process.h"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "runtime/base/check.h"
#include "test/support/data.h"

namespace lathe::testing {
namespace {

void InterruptWhenWritten(pid_t child, const std::string& path) {
  struct stat file = {};
  while (::stat(path.c_str(), &file) != 0 || file.st_size == 0) {
    siginfo_t ended = {};
    if (::waitid(P_PID, static_cast<id_t>(child), &ended, WEXITED | WNOHANG | WNOWAIT) != 0 ||
        ended.si_pid != 0)
      return;
    ::usleep(1000);
  }
  ::kill(child, SIGINT);
}

}  // namespace

ProcessResult RunProcess(const std::vector<std::string>& words, const ProcessOptions& options) {
  const std::string dir = TempDir();
  const std::string out = options.stdout_path.empty() ? dir + "/out" : options.stdout_path;
  const std::string err = dir + "/err";
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  const std::string in = options.stdin_text.empty() ? "/dev/null" : dir + "/in";
  if (!options.stdin_text.empty()) WriteFileOrDie(in, options.stdin_text);
  posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, in.c_str(), O_RDONLY, 0);
  posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, out.c_str(),
                                   O_WRONLY | O_CREAT | O_TRUNC, 0600);
  posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, err.c_str(),
                                   O_WRONLY | O_CREAT | O_TRUNC, 0600);
  std::vector<char*> argv;
  for (const std::string& word : words) argv.push_back(const_cast<char*>(word.c_str()));
  argv.push_back(nullptr);
  pid_t child = 0;
  int error = ::posix_spawnp(&child, argv[0], &actions, nullptr, argv.data(), environ);
  LATHE_CHECK(error == 0) << "cannot start " << words[0];
  posix_spawn_file_actions_destroy(&actions);
  if (options.interrupts_after_output) InterruptWhenWritten(child, out);
  int status = 0;
  LATHE_CHECK(::waitpid(child, &status, 0) == child) << words[0];
  ProcessResult result;
  if (WIFEXITED(status)) result.exit_code = WEXITSTATUS(status);
  if (options.stdout_path.empty()) result.out = ReadFileOrDie(out);
  result.err = ReadFileOrDie(err);
  return result;
}

}  // namespace lathe::testing
