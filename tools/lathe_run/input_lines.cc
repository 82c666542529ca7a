#include "tools/lathe_run/input_lines.h"

#include <poll.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

#include "absl/strings/str_cat.h"
#include "runtime/base/status_macros.h"

namespace lathe {
namespace {

using Kind = InputLines::Line::Kind;

constexpr size_t kReadBytes = size_t{64} << 10;

absl::Status ReadFailure() {
  return absl::FailedPreconditionError(
      absl::StrCat("cannot read the input: ", std::strerror(errno)));
}

}  // namespace

absl::StatusOr<InputLines::Line> InputLines::Next(Wait wait) {
  while (true) {
    const size_t end = buffer_.find('\n', searched_);
    if (end != std::string::npos) return TakeLine(end - begin_, 1);
    searched_ = buffer_.size();
    if (searched_ - begin_ > max_bytes_) {
      is_skipping_ = true;
      buffer_.clear();
      begin_ = searched_ = 0;
    }
    if (is_at_end_) {
      if (begin_ == buffer_.size() && !is_skipping_) return Line{Kind::kEnd};
      return TakeLine(buffer_.size() - begin_, 0);
    }
    LATHE_ASSIGN_OR_RETURN(const Ready ready, WaitForInput(wait));
    if (ready == Ready::kInterrupt) return Line{Kind::kInterrupt};
    if (ready == Ready::kNothing) return Line{Kind::kNothing};
    LATHE_RETURN_IF_ERROR(Fill());
  }
}

// The line of `size` bytes at begin_, with an end of `end_size` bytes.
InputLines::Line InputLines::TakeLine(size_t size, size_t end_size) {
  Line line{Kind::kText};
  if (std::exchange(is_skipping_, false) || size > max_bytes_) {
    line.kind = Kind::kTooLong;
  } else {
    line.text = buffer_.substr(begin_, size);
  }
  begin_ += size + end_size;
  searched_ = begin_;
  return line;
}

absl::Status InputLines::Fill() {
  buffer_.erase(0, begin_);
  searched_ -= begin_;
  begin_ = 0;
  const size_t old_size = buffer_.size();
  buffer_.resize(old_size + kReadBytes);
  const ssize_t count = ::read(descriptor_, buffer_.data() + old_size, kReadBytes);
  const int error = errno;
  buffer_.resize(old_size + (count > 0 ? static_cast<size_t>(count) : 0));
  errno = error;
  if (count < 0 && errno != EINTR && errno != EAGAIN) return ReadFailure();
  if (count == 0) is_at_end_ = true;
  return absl::OkStatus();
}

absl::StatusOr<InputLines::Ready> InputLines::WaitForInput(Wait wait) const {
  while (true) {
    if (interrupt_.interrupted()) return Ready::kInterrupt;
    std::array<pollfd, 2> waits = {pollfd{descriptor_, POLLIN, 0},
                                   pollfd{interrupt_.wake_descriptor(), POLLIN, 0}};
    const int timeout = wait == Wait::kForInput ? -1 : 0;
    if (::poll(waits.data(), waits.size(), timeout) < 0 && errno != EINTR) return ReadFailure();
    if (interrupt_.interrupted()) return Ready::kInterrupt;
    // Also when the other side has gone: the read says so.
    if (waits[0].revents != 0) return Ready::kReadable;
    if (wait == Wait::kNot) return Ready::kNothing;
  }
}

}  // namespace lathe
