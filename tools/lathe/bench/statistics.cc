#include "tools/lathe/bench/statistics.h"

#include <algorithm>
#include <cmath>

#include "runtime/base/check.h"

namespace lathe {

double Percentile(std::vector<double> samples, double percent) {
  LATHE_CHECK(percent >= 0 && percent <= 100) << percent;
  if (samples.empty()) return 0;
  std::sort(samples.begin(), samples.end());
  const double place = percent / 100 * static_cast<double>(samples.size() - 1);
  const auto below = static_cast<size_t>(std::floor(place));
  const size_t above = std::min(below + 1, samples.size() - 1);
  const double weight = place - std::floor(place);
  return samples[below] + weight * (samples[above] - samples[below]);
}

double Spread(const std::vector<double>& samples) {
  const double median = Median(samples);
  if (median == 0) return 0;
  return (Percentile(samples, 90) - Percentile(samples, 10)) / median;
}

}  // namespace lathe
