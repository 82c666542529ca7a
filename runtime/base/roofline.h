// The time below which no code can do a piece of work on a machine: its memory must be read and
// written, and its arithmetic done, and the slower of the two decides.
//   Roofline machine{.bytes_per_second = 27e9, .flops_per_second = 116e9};
//   machine.Nanoseconds({.flops = 2e9, .bytes = 1e9});  // 37037037: reading takes longer
#pragma once

#include <algorithm>

namespace lathe {

struct Work {
  double flops = 0;  // a product and a sum count two
  double bytes = 0;  // read and written

  double intensity() const { return bytes > 0 ? flops / bytes : 0; }
};

struct Roofline {
  double bytes_per_second = 0;
  double flops_per_second = 0;

  double MemoryNanoseconds(const Work& work) const { return 1e9 * work.bytes / bytes_per_second; }
  double ComputeNanoseconds(const Work& work) const { return 1e9 * work.flops / flops_per_second; }
  double Nanoseconds(const Work& work) const {
    return std::max(MemoryNanoseconds(work), ComputeNanoseconds(work));
  }
  bool IsMemoryBound(const Work& work) const {
    return MemoryNanoseconds(work) >= ComputeNanoseconds(work);
  }
};

}  // namespace lathe
