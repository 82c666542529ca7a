// A whole model: prefill of several lengths and decode of several batch sizes on random token ids,
// beside the limits of the machine taken in the same run.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "tools/lathe/bench/limits.h"
#include "tools/lathe/bench/report.h"
#include "tools/lathe/bench/stopwatch.h"

namespace lathe {

struct ModelBenchOptions {
  // None: 128 and 512, as far as the model's context reaches.
  std::optional<std::vector<int64_t>> prefill = std::nullopt;
  std::vector<int64_t> batch = {1, 8};
  std::vector<int> threads = {1};
  std::string level = {};
  int repeat = 5;            // prefills, and groups of decode steps, between limits
  int64_t decode_steps = 8;  // in a group
  int64_t context = 64;      // tokens of each sequence before decode begins
  int64_t read_bytes = kReadSetBytes;
  Clock clock = Clock::kWall;
  uint64_t seed = 1;
};

// Lines "start", "prefill L" and "decode batch B" for each number of threads. InvalidArgument for
// lengths beyond the model's context.
absl::Status BenchModel(const std::string& path, const ModelBenchOptions& options, Report& report);

}  // namespace lathe
