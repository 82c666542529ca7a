#include "tools/lathe/bench/stopwatch.h"

#include <ctime>

namespace lathe {

double Stopwatch::CpuSeconds() {
  timespec now = {};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

}  // namespace lathe
