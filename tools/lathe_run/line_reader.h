// Messages from a terminal or a pipe, one a line, with Ctrl-C as an event of its own.
//   LineReader reader(STDIN_FILENO, interrupt);
//   LATHE_ASSIGN_OR_RETURN(LineReader::Input input, reader.Read());
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>

#include "absl/status/statusor.h"
#include "tools/lathe_run/input_lines.h"
#include "tools/lathe_run/interrupt.h"

namespace lathe {

// Longer messages are refused: far above what a context holds.
inline constexpr size_t kMaxMessageBytes = size_t{16} << 20;

class LineReader {
 public:
  struct Input {
    enum class Kind : uint8_t { kMessage, kInterrupt, kEnd };
    Kind kind = Kind::kEnd;
    std::string message = {};  // of kMessage
  };
  // Called before each line is waited for; `is_continued` when it goes on with a message.
  using Prompter = std::function<void(bool is_continued)>;

  // `interrupt` outlives the reader. `descriptor` stays open.
  LineReader(int descriptor, const InterruptGuard& interrupt)
      : lines_(descriptor, kMaxMessageBytes, interrupt) {}

  // The next message: lines that end in a backslash go on in the next one, with a line break in
  // place of the backslash. A last line needs no end. An interrupt drops what was begun. Errors: of
  // reading; InvalidArgument for a message beyond kMaxMessageBytes.
  absl::StatusOr<Input> Read(const Prompter& prompter);

 private:
  InputLines lines_;
};

}  // namespace lathe
