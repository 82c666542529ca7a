// The limits of the machine as lines of a report.
#pragma once

#include <vector>

#include "absl/status/status.h"
#include "absl/types/span.h"
#include "tools/lathe/bench/limits.h"
#include "tools/lathe/bench/report.h"
#include "tools/lathe/bench/stopwatch.h"

namespace lathe {

struct LimitsBenchOptions {
  std::vector<int> threads = {1};
  std::string level = {};
  int repeat = 5;
  int64_t read_bytes = kReadSetBytes;
  Clock clock = Clock::kWall;
};

// One line for each number of threads; units that the machine lacks are 0 and named in the note.
// The report also carries the limits in the form that other commands read (--limits).
absl::Status BenchLimits(const LimitsBenchOptions& options, Report& report);

}  // namespace lathe
