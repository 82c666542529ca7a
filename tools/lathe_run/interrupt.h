// Ctrl-C as a wish: while a guard lives, it is remembered so that a run can end in order.
//   InterruptGuard interrupt;
//   while (!interrupt.interrupted()) Step();
#pragma once

#include <signal.h>

#include <cstdint>

namespace lathe {

class InterruptGuard {
 public:
  // What a second Ctrl-C does before the first is forgotten.
  enum class Second : uint8_t { kEndsTheProcess, kIsRemembered };

  explicit InterruptGuard(Second second = Second::kEndsTheProcess);
  ~InterruptGuard();
  InterruptGuard(const InterruptGuard&) = delete;
  InterruptGuard& operator=(const InterruptGuard&) = delete;

  bool interrupted() const;
  // As if there had been none; for guards that remember each.
  void Forget();
  // A descriptor that can be read while interrupted() is true, to wait for either it or input. The
  // signal alone may wake another thread than the one that waits.
  int wake_descriptor() const;

 private:
  struct sigaction previous_;
};

}  // namespace lathe
