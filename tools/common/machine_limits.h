// What a machine can do at most, as `lathe bench --limits --json=FILE` measures it and other
// commands read it:
//   {"limits": [{"threads": 1, "read_bytes_per_second": 2.7e10, "fma_flops_per_second": 1.16e11},
//               {"threads": 2, ...}]}
// Keys beside these are for other readers (limits of special instructions) and left alone.
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
  Roofline roofline = {};  // bytes read, f32 fused multiply-adds
};

// InvalidArgument with `origin` and the place for what is no such text.
absl::StatusOr<std::vector<MachineLimits>> ParseMachineLimits(absl::string_view json,
                                                              absl::string_view origin);

// The limits for a number of threads. NotFound names the numbers that the file has.
absl::StatusOr<Roofline> ReadMachineLimits(const std::string& path, int threads);

}  // namespace lathe
