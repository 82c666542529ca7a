#include "tools/lathe_run/interrupt.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>

namespace lathe {
namespace {

// A signal handler reaches nothing but globals.
volatile std::sig_atomic_t g_interrupted = 0;
volatile std::sig_atomic_t g_wake = -1;

void Remember(int) {
  const int saved = errno;
  g_interrupted = 1;
  const uint64_t one = 1;
  // A full counter is as readable as it can be.
  [[maybe_unused]] const ssize_t written = ::write(g_wake, &one, sizeof(one));
  errno = saved;
}

}  // namespace

InterruptGuard::InterruptGuard(Second second) {
  g_interrupted = 0;
  g_wake = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  struct sigaction action = {};
  action.sa_handler = Remember;
  action.sa_flags = SA_RESTART;
  if (second == Second::kEndsTheProcess) action.sa_flags |= static_cast<int>(SA_RESETHAND);
  sigemptyset(&action.sa_mask);
  sigaction(SIGINT, &action, &previous_);
}

InterruptGuard::~InterruptGuard() {
  sigaction(SIGINT, &previous_, nullptr);
  if (g_wake >= 0) ::close(g_wake);
  g_wake = -1;
}

bool InterruptGuard::interrupted() const { return g_interrupted != 0; }

void InterruptGuard::Forget() {
  uint64_t count = 0;
  [[maybe_unused]] const ssize_t taken = ::read(g_wake, &count, sizeof(count));
  g_interrupted = 0;
}

int InterruptGuard::wake_descriptor() const { return g_wake; }

}  // namespace lathe
