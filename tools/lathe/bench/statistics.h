// Order statistics of repeated measurements. A machine that others use too makes some repeats slow
// and none fast, so medians and percentiles are shown, never means.
//   Median({3, 1, 2});            // 2
//   Percentile({1, 2, 3, 4}, 90); // 3.7
#pragma once

#include <vector>

namespace lathe {

// The value below which `percent` of the samples lie, between neighbours in proportion; 0 for no
// samples. `percent` in [0, 100].
double Percentile(std::vector<double> samples, double percent);

inline double Median(std::vector<double> samples) { return Percentile(std::move(samples), 50); }

// How far apart the middle four fifths of the samples lie, as a share of the median: 0 for a quiet
// machine.
double Spread(const std::vector<double>& samples);

}  // namespace lathe
