#include "tools/lathe/bench/stopwatch.h"

#include <ctime>

#include "absl/strings/str_format.h"

namespace lathe {

std::string OtherLoad(double wall_s, double cpu_s_of_a_thread, Clock clock) {
  constexpr double kQuiet = 1.1;
  if (wall_s <= kQuiet * cpu_s_of_a_thread) return "";
  return absl::StrFormat("other load: wall %.2f x CPU time%s", wall_s / cpu_s_of_a_thread,
                         clock == Clock::kWall ? ", see --clock=cpu" : "");
}

double Stopwatch::CpuSeconds() {
  timespec now = {};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

}  // namespace lathe
