// The time below which no code can do a piece of work on a machine: its memory must be read and
// written, and its arithmetic done, and the slower of the two decides.
//   Roofline machine{.bytes_per_second = 27e9, .flops_per_second = 116e9};
//   machine.Nanoseconds({.flops = 2e9, .bytes = 1e9});  // 37037037: reading takes longer
#pragma once

#include <algorithm>
#include <array>

#include "runtime/base/arithmetic_unit.h"

namespace lathe {

struct Work {
  double flops = 0;                               // a product and a sum count two
  double bytes = 0;                               // read and written
  ArithmeticUnit unit = ArithmeticUnit::kFmaF32;  // that does the arithmetic

  double intensity() const { return bytes > 0 ? flops / bytes : 0; }
};

struct Roofline {
  double bytes_per_second = 0;
  double flops_per_second = 0;  // of f32 fused multiply-adds
  // Of the other units; 0 where it is not known.
  std::array<double, kNumArithmeticUnits> unit_flops_per_second = {};

  bool Knows(ArithmeticUnit unit) const {
    return unit == ArithmeticUnit::kFmaF32 || unit_flops_per_second[static_cast<size_t>(unit)] > 0;
  }
  // What `unit` does a second; f32 fused multiply-adds stand in for a unit that is not known.
  double Peak(ArithmeticUnit unit) const {
    const double own = unit_flops_per_second[static_cast<size_t>(unit)];
    return unit != ArithmeticUnit::kFmaF32 && own > 0 ? own : flops_per_second;
  }
  void SetPeak(ArithmeticUnit unit, double flops) {
    if (unit == ArithmeticUnit::kFmaF32) flops_per_second = flops;
    unit_flops_per_second[static_cast<size_t>(unit)] = flops;
  }

  double MemoryNanoseconds(const Work& work) const { return 1e9 * work.bytes / bytes_per_second; }
  double ComputeNanoseconds(const Work& work) const { return 1e9 * work.flops / Peak(work.unit); }
  double Nanoseconds(const Work& work) const {
    return std::max(MemoryNanoseconds(work), ComputeNanoseconds(work));
  }
  bool IsMemoryBound(const Work& work) const {
    return MemoryNanoseconds(work) >= ComputeNanoseconds(work);
  }
};

}  // namespace lathe
