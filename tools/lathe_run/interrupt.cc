#include "tools/lathe_run/interrupt.h"

#include <csignal>

namespace lathe {
namespace {

// A signal handler reaches nothing but globals.
volatile std::sig_atomic_t g_interrupted = 0;

void Remember(int) { g_interrupted = 1; }

}  // namespace

InterruptGuard::InterruptGuard() {
  g_interrupted = 0;
  struct sigaction action = {};
  action.sa_handler = Remember;
  action.sa_flags = static_cast<int>(SA_RESETHAND | SA_RESTART);  // the next one is not caught
  sigemptyset(&action.sa_mask);
  sigaction(SIGINT, &action, &previous_);
}

InterruptGuard::~InterruptGuard() { sigaction(SIGINT, &previous_, nullptr); }

bool InterruptGuard::interrupted() const { return g_interrupted != 0; }

}  // namespace lathe
