#include "tools/common/progress_line.h"

#include <unistd.h>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "runtime/base/strings.h"
#include "tools/common/standard_output.h"

namespace lathe {
ProgressLine::ProgressLine(std::string what, When when)
    : what_(std::move(what)),
      is_terminal_(when == kOnTerminals && ::isatty(STDERR_FILENO) != 0),
      start_(std::chrono::steady_clock::now()) {}

bool ProgressLine::IsDue() const {
  return is_terminal_ && std::chrono::steady_clock::now() - last_ >= std::chrono::milliseconds(100);
}

void ProgressLine::Show(absl::string_view text) {
  if (!IsDue()) return;
  last_ = std::chrono::steady_clock::now();
  is_drawn_ = true;
  WriteStderr(absl::StrCat("\r\033[K", what_, " ", text));
}

void ProgressLine::Update(uint64_t done, uint64_t total) {
  if (!IsDue()) return;
  const std::chrono::duration<double> time = std::chrono::steady_clock::now() - start_;
  const double percent =
      total == 0 ? 100.0 : 100.0 * static_cast<double>(done) / static_cast<double>(total);
  Show(absl::StrFormat("%3.0f %%  %s of %s, %.1f s", percent, HumanBytes(done), HumanBytes(total),
                       time.count()));
}

void ProgressLine::Clear() {
  if (is_drawn_) WriteStderr("\r\033[K");
  is_drawn_ = false;
}

}  // namespace lathe
