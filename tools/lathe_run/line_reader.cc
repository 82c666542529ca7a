#include "tools/lathe_run/line_reader.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "runtime/base/status_macros.h"

namespace lathe {

absl::StatusOr<LineReader::Input> LineReader::Read(const Prompter& prompter) {
  using Kind = InputLines::Line::Kind;
  std::string message;
  bool is_continued = false;
  while (true) {
    prompter(is_continued);
    LATHE_ASSIGN_OR_RETURN(InputLines::Line line, lines_.Next(InputLines::Wait::kForInput));
    if (line.kind == Kind::kInterrupt) return Input{Input::Kind::kInterrupt};
    if (line.kind == Kind::kEnd) {
      return is_continued ? Input{Input::Kind::kMessage, std::move(message)}
                          : Input{Input::Kind::kEnd};
    }
    message += line.text;
    if (line.kind == Kind::kTooLong || message.size() > kMaxMessageBytes) break;
    if (message.empty() || message.back() != '\\') {
      return Input{Input::Kind::kMessage, std::move(message)};
    }
    message.back() = '\n';
    is_continued = true;
  }
  return absl::InvalidArgumentError(
      absl::StrCat("a message is longer than ", kMaxMessageBytes, " bytes"));
}

}  // namespace lathe
