// Progress of long work on stderr: a line that is rewritten on a terminal, nothing where there is
// none.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace lathe {

class ProgressLine {
 public:
  explicit ProgressLine(std::string what);
  ~ProgressLine();
  ProgressLine(const ProgressLine&) = delete;
  ProgressLine& operator=(const ProgressLine&) = delete;

  // Bytes done of all; redraws at most ten times a second.
  void Update(uint64_t done, uint64_t total);

 private:
  std::string what_;
  bool is_terminal_;
  bool is_drawn_ = false;
  std::chrono::steady_clock::time_point start_, last_;
};

}  // namespace lathe
