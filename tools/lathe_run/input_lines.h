// Lines from a descriptor, of bounded length, without a wait where the caller has other work.
//   InputLines lines(STDIN_FILENO, kMaxBytes, interrupt);
//   LATHE_ASSIGN_OR_RETURN(InputLines::Line line, lines.Next(InputLines::Wait::kForInput));
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "tools/lathe_run/interrupt.h"

namespace lathe {

class InputLines {
 public:
  struct Line {
    enum class Kind : uint8_t {
      kText,       // a line, without its end
      kTooLong,    // its bytes are skipped up to its end
      kNothing,    // nothing to read yet; of Wait::kNot
      kInterrupt,  // Ctrl-C came first
      kEnd,
    };
    Kind kind = Kind::kEnd;
    std::string text = {};
  };
  enum class Wait : uint8_t { kForInput, kNot };

  // `interrupt` outlives the reader. `descriptor` stays open.
  InputLines(int descriptor, size_t max_bytes, const InterruptGuard& interrupt)
      : descriptor_(descriptor), max_bytes_(max_bytes), interrupt_(interrupt) {}

  // A last line needs no end. Errors: of reading.
  absl::StatusOr<Line> Next(Wait wait);

 private:
  enum class Ready : uint8_t { kReadable, kNothing, kInterrupt };

  absl::StatusOr<Ready> WaitForInput(Wait wait) const;
  absl::Status Fill();
  Line TakeLine(size_t size, size_t end_size);

  int descriptor_;
  size_t max_bytes_;
  const InterruptGuard& interrupt_;
  std::string buffer_;  // read; the bytes before `begin_` are given out
  size_t begin_ = 0;
  size_t searched_ = 0;       // no line ends in [begin_, searched_)
  bool is_skipping_ = false;  // inside a line that is too long
  bool is_at_end_ = false;
};

}  // namespace lathe
