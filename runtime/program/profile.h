// Time by command over any number of steps, beside the work that the command's cost says it did.
//   Profile profile;
//   program->Run(bindings, &profile);
//   std::cerr << profile.Text(/*lines=*/20);
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace lathe {

class Profile {
 public:
  struct Work {
    int64_t flops = 0;
    int64_t bytes = 0;  // read and written
  };

  // One run of command number `command`.
  void Add(size_t command, absl::string_view name, int64_t time_ns, const Work& work);

  int64_t total_ns() const;

  // A table of the `lines` commands that took the longest, with shares, GFLOP/s and GB/s.
  std::string Text(size_t lines) const;

 private:
  struct Line {
    std::string name;
    int64_t runs = 0;
    int64_t time_ns = 0;
    double flops = 0;
    double bytes = 0;
  };
  std::vector<Line> lines_;
};

}  // namespace lathe
