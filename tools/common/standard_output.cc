#include "tools/common/standard_output.h"

#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "absl/strings/str_cat.h"

namespace lathe {
namespace {

// 0, or the error number. Straight to the descriptor: nothing of ours is left in a buffer when a
// process ends early.
int WriteAll(int descriptor, absl::string_view text) {
  while (!text.empty()) {
    ssize_t written = ::write(descriptor, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return errno;
    text.remove_prefix(static_cast<size_t>(written));
  }
  return 0;
}

}  // namespace

absl::Status WriteStdout(absl::string_view text) {
  int error = WriteAll(STDOUT_FILENO, text);
  if (error == 0) return absl::OkStatus();
  std::string message = absl::StrCat("cannot write the result to stdout: ", std::strerror(error));
  if (error == ENOSPC || error == EDQUOT)
    return absl::ResourceExhaustedError(absl::StrCat(message, "; make room and run again"));
  return absl::FailedPreconditionError(message);
}

void WriteStderr(absl::string_view text) { (void)WriteAll(STDERR_FILENO, text); }

}  // namespace lathe
