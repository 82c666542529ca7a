#include "tools/lathe/progress.h"

#include <unistd.h>

#include <cstdio>

#include "runtime/base/strings.h"

namespace lathe {

ProgressLine::ProgressLine(std::string what)
    : what_(std::move(what)),
      is_terminal_(::isatty(STDERR_FILENO) != 0),
      start_(std::chrono::steady_clock::now()) {}

ProgressLine::~ProgressLine() {
  if (is_drawn_) std::fprintf(stderr, "\r\033[K");
}

void ProgressLine::Update(uint64_t done, uint64_t total) {
  auto now = std::chrono::steady_clock::now();
  if (!is_terminal_ || now - last_ < std::chrono::milliseconds(100)) return;
  last_ = now;
  is_drawn_ = true;
  double seconds = std::chrono::duration<double>(now - start_).count();
  double percent =
      total == 0 ? 100.0 : 100.0 * static_cast<double>(done) / static_cast<double>(total);
  std::fprintf(stderr, "\r\033[K%s %3.0f %%  %s of %s, %.1f s", what_.c_str(), percent,
               HumanBytes(done).c_str(), HumanBytes(total).c_str(), seconds);
  std::fflush(stderr);
}

}  // namespace lathe
