// When each worker of a device did its share of each launch of a list.
//   LaunchTimes times;
//   LATHE_RETURN_IF_ERROR(device.Run(*code, launches, &times));
//   times.Timeline()[3].nanoseconds();  // what the fourth launch cost
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace lathe {

// Of a clock that never goes back.
struct TimeSpan {
  int64_t begin_ns = 0;
  int64_t end_ns = 0;

  int64_t nanoseconds() const { return end_ns - begin_ns; }
};

class LaunchTimes {
 public:
  void Reset(size_t launches, int workers) {
    num_launches_ = launches;
    num_workers_ = static_cast<size_t>(workers);
    spans_.assign(launches * num_workers_, TimeSpan());
  }

  size_t num_launches() const { return num_launches_; }
  int num_workers() const { return static_cast<int>(num_workers_); }

  // Workers write side by side: the spans of one lie together.
  TimeSpan& At(size_t launch, int worker) {
    return spans_[static_cast<size_t>(worker) * num_launches_ + launch];
  }
  const TimeSpan& At(size_t launch, int worker) const {
    return spans_[static_cast<size_t>(worker) * num_launches_ + launch];
  }

  // The launches laid end to end: each from when all before it were done to when it is done too.
  // Launches may run side by side and workers wait for each other, so this is the one division of
  // the time that adds up.
  std::vector<TimeSpan> Timeline() const {
    std::vector<TimeSpan> timeline(num_launches_);
    for (size_t launch = 0; launch < num_launches_; ++launch) {
      int64_t begin = At(launch, 0).begin_ns;
      int64_t end = At(launch, 0).end_ns;
      for (int worker = 1; worker < num_workers(); ++worker) {
        begin = std::min(begin, At(launch, worker).begin_ns);
        end = std::max(end, At(launch, worker).end_ns);
      }
      if (launch > 0) begin = timeline[launch - 1].end_ns;
      timeline[launch] = {begin, std::max(begin, end)};
    }
    return timeline;
  }

  // What all workers together spent inside kernels.
  int64_t BusyNanoseconds() const {
    int64_t total = 0;
    for (const TimeSpan& span : spans_) total += span.nanoseconds();
    return total;
  }

 private:
  size_t num_launches_ = 0;
  size_t num_workers_ = 0;
  std::vector<TimeSpan> spans_;
};

}  // namespace lathe
