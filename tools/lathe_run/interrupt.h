// Ctrl-C as a wish: while a guard lives, the first one is remembered so that a run can end in
// order; a second one ends the process.
#pragma once

#include <signal.h>

namespace lathe {

class InterruptGuard {
 public:
  InterruptGuard();
  ~InterruptGuard();
  InterruptGuard(const InterruptGuard&) = delete;
  InterruptGuard& operator=(const InterruptGuard&) = delete;

  bool interrupted() const;

 private:
  struct sigaction previous_;
};

}  // namespace lathe
