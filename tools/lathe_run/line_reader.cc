#include "tools/lathe_run/line_reader.h"

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

using Kind = LineReader::Input::Kind;

absl::Status ReadFailure() {
  return absl::FailedPreconditionError(
      absl::StrCat("cannot read the messages from stdin: ", std::strerror(errno)));
}

}  // namespace

absl::StatusOr<LineReader::Input> LineReader::Read(const Prompter& prompter) {
  std::string message;
  bool is_continued = false;
  while (true) {
    prompter(is_continued);
    LATHE_ASSIGN_OR_RETURN(Input line, ReadLine());
    if (line.kind == Kind::kInterrupt) return line;
    if (line.kind == Kind::kEnd) {
      return is_continued ? Input{Kind::kMessage, std::move(message)} : line;
    }
    message += line.message;
    if (message.size() > kMaxMessageBytes) break;
    if (message.empty() || message.back() != '\\') {
      return Input{Kind::kMessage, std::move(message)};
    }
    message.back() = '\n';
    is_continued = true;
  }
  return absl::InvalidArgumentError(
      absl::StrCat("a message is longer than ", kMaxMessageBytes, " bytes"));
}

absl::StatusOr<LineReader::Input> LineReader::ReadLine() {
  size_t searched = 0;
  while (true) {
    const size_t end = buffer_.find('\n', searched);
    if (end != std::string::npos) {
      Input line{Kind::kMessage, buffer_.substr(0, end)};
      buffer_.erase(0, end + 1);
      return line;
    }
    searched = buffer_.size();
    if (is_at_end_ || searched > kMaxMessageBytes) {
      if (buffer_.empty()) return Input{Kind::kEnd};
      return Input{Kind::kMessage, std::exchange(buffer_, {})};
    }
    LATHE_ASSIGN_OR_RETURN(Wait wait, WaitForInput());
    if (wait == Wait::kInterrupt) return Input{Kind::kInterrupt};
    std::array<char, 4096> bytes;
    const ssize_t count = ::read(descriptor_, bytes.data(), bytes.size());
    if (count < 0 && errno != EINTR && errno != EAGAIN) return ReadFailure();
    if (count == 0) is_at_end_ = true;
    if (count > 0) buffer_.append(bytes.data(), static_cast<size_t>(count));
  }
}

absl::StatusOr<LineReader::Wait> LineReader::WaitForInput() const {
  while (true) {
    if (interrupt_.interrupted()) return Wait::kInterrupt;
    std::array<pollfd, 2> waits = {pollfd{descriptor_, POLLIN, 0},
                                   pollfd{interrupt_.wake_descriptor(), POLLIN, 0}};
    if (::poll(waits.data(), waits.size(), /*timeout=*/-1) < 0 && errno != EINTR) {
      return ReadFailure();
    }
    if (interrupt_.interrupted()) return Wait::kInterrupt;
    // Also when the other side has gone: the read says so.
    if (waits[0].revents != 0) return Wait::kReadable;
  }
}

}  // namespace lathe
