#include "test/support/terminal.h"

#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "runtime/base/check.h"

namespace lathe::testing {
namespace {

constexpr int kSilenceMs = 20'000;

}  // namespace

Terminal::Terminal(const std::vector<std::string>& words) {
  std::vector<char*> argv;
  for (const std::string& word : words) argv.push_back(const_cast<char*>(word.c_str()));
  argv.push_back(nullptr);
  child_ = ::forkpty(&descriptor_, nullptr, nullptr, nullptr);
  LATHE_CHECK(child_ >= 0) << "cannot make a terminal";
  if (child_ == 0) {
    ::execv(argv[0], argv.data());
    ::_exit(127);
  }
}

Terminal::~Terminal() {
  if (child_ > 0) {
    ::kill(child_, SIGKILL);
    ::waitpid(child_, nullptr, 0);
  }
  ::close(descriptor_);
}

void Terminal::Type(const std::string& keys) {
  LATHE_CHECK(::write(descriptor_, keys.data(), keys.size()) == static_cast<ssize_t>(keys.size()));
}

// False when nothing more comes.
bool Terminal::Read() {
  pollfd wait = {descriptor_, POLLIN, 0};
  if (::poll(&wait, 1, kSilenceMs) != 1) return false;
  char bytes[4096];
  const ssize_t count = ::read(descriptor_, bytes, sizeof(bytes));
  if (count <= 0) return false;  // EIO: the program has gone
  screen_.append(bytes, static_cast<size_t>(count));
  return true;
}

bool Terminal::WaitFor(const std::string& text) {
  while (true) {
    const size_t found = screen_.find(text, waited_);
    if (found != std::string::npos) {
      waited_ = found + text.size();
      return true;
    }
    if (!Read()) return false;
  }
}

int Terminal::WaitForEnd() {
  while (Read()) continue;
  int status = 0;
  LATHE_CHECK(::waitpid(child_, &status, 0) == child_);
  child_ = -1;
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

}  // namespace lathe::testing
