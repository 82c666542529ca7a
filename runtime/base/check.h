// LATHE_CHECK: a promise of our own code. It broke = a bug of ours: the message says which, and the program aborts (exit code 3
// stays for tools that catch our bugs in time). What a user's input can cause is never checked with it, but returned as Status.
//   LATHE_CHECK(i < size) << "page " << i;
#pragma once

#include <sstream>

namespace lathe::internal {

class CheckFailure {
 public:
  CheckFailure(const char* file, int line, const char* condition);
  [[noreturn]] ~CheckFailure();
  std::ostringstream& stream() { return stream_; }

 private:
  std::ostringstream stream_;
};

// Gives the << chain the type void, so that both arms of the conditional agree.
struct Voidify {
  void operator&(std::ostream&) const {}
};

}  // namespace lathe::internal

#define LATHE_CHECK(condition)      \
  (condition) ? (void)0             \
              : ::lathe::internal::Voidify() & \
                    ::lathe::internal::CheckFailure(__FILE__, __LINE__, #condition).stream()
