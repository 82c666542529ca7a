// Progress of long work on stderr: a line that is rewritten on a terminal, nothing where there is
// none. Without colours.
//   ProgressLine progress("packing weights");
//   progress.Update(done_bytes, all_bytes);
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "absl/strings/string_view.h"

namespace lathe {

class ProgressLine {
 public:
  enum When : bool { kNever, kOnTerminals };

  explicit ProgressLine(std::string what, When when = kOnTerminals);
  ~ProgressLine() { Clear(); }
  ProgressLine(const ProgressLine&) = delete;
  ProgressLine& operator=(const ProgressLine&) = delete;

  // `text` behind what is done; redraws at most ten times a second.
  void Show(absl::string_view text);
  // Bytes done of all.
  void Update(uint64_t done, uint64_t total);
  // Out of the way of other words, until it is drawn again.
  void Clear();

 private:
  bool IsDue() const;

  std::string what_;
  bool is_terminal_;
  bool is_drawn_ = false;
  std::chrono::steady_clock::time_point start_, last_;
};

}  // namespace lathe
