// What a machine can do at most, as `lathe bench --limits --json=FILE` measures it and other
// commands read it:
//   {"limits": [{"threads": 1, "read_bytes_per_second": 2.7e10, "fma_flops_per_second": 1.16e11,
//                "dot_int8_ops_per_second": 4.7e11, ...}, {"threads": 2, ...}]}
// Of the arithmetic units only f32 must be there: others are those that the machine has. Keys
// beside these are for other readers and left alone.
//   LATHE_ASSIGN_OR_RETURN(Roofline limits, ReadMachineLimits("limits.json", /*threads=*/2));
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "runtime/base/roofline.h"

namespace lathe {

struct MachineLimits {
  int threads = 1;
  Roofline roofline = {};
};

// The key of a unit's peak: "dot_bf16_flops_per_second".
absl::string_view PeakKey(ArithmeticUnit unit);

// InvalidArgument with `origin` and the place for what is no such text.
absl::StatusOr<std::vector<MachineLimits>> ParseMachineLimits(absl::string_view json,
                                                              absl::string_view origin);

// The limits for a number of threads. NotFound names the numbers that the file has.
absl::StatusOr<Roofline> ReadMachineLimits(const std::string& path, int threads);

}  // namespace lathe
