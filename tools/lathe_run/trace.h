// A timeline of steps in the JSON of chrome://tracing, which ui.perfetto.dev reads: each step with
// its dispatches, and beside it what each thread of the device did when.
//   Trace trace({.path = "t.json", .max_steps = 64});
//   trace.Add("decode", {{"tokens", 1}}, record);
//   LATHE_RETURN_IF_ERROR(trace.Write());
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "runtime/program/step_record.h"

namespace lathe {

struct TraceOptions {
  std::string path;
  int64_t max_steps = 64;  // later ones are counted and not kept: memory has a bound
};

// Sizes of a step, by name: "tokens", "sequences".
using StepSizes = std::vector<std::pair<std::string, int64_t>>;

class Trace {
 public:
  explicit Trace(TraceOptions options) : options_(std::move(options)) {}

  void Add(absl::string_view name, StepSizes sizes, const StepRecord& record);

  // The file appears whole or not at all.
  absl::Status Write() const;
  // "trace: the first 64 of 200 steps are in t.json; open it in ui.perfetto.dev".
  std::string SummaryText() const;

 private:
  struct Step {
    std::string name;
    StepSizes sizes;
    StepRecord record;
  };

  TraceOptions options_;
  std::vector<Step> steps_;
  int64_t num_seen_ = 0;
};

}  // namespace lathe
