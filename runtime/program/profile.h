// Time by dispatch over any number of steps, beside the work that was done and the time that the
// machine needs for it at least.
//   Profile profile(limits);
//   LATHE_RETURN_IF_ERROR(program->Run(bindings, &record));
//   profile.Add("decode", record);
//   std::cerr << profile.KindText();
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "runtime/base/roofline.h"
#include "runtime/program/step_record.h"

namespace lathe {

// "model.layers.3.mlp.up_proj" -> "model.layers.*.mlp.up_proj": what dispatches of all layers have
// in common.
std::string DispatchKind(absl::string_view name);

class Profile {
 public:
  // Without limits the tables have no columns for them.
  explicit Profile(std::optional<Roofline> limits = std::nullopt) : limits_(limits) {}

  // One step, which is counted under `part` ("prefill", "decode").
  void Add(absl::string_view part, const StepRecord& step);

  int64_t total_ns() const;

  // A table for each part: dispatches of one kind together, those that took longest first.
  std::string KindText() const;
  // A table of the `lines` single commands that took longest. Without a step both are empty.
  std::string CommandText(size_t lines) const;

 private:
  struct Line {
    int64_t runs = 0;
    int64_t time_ns = 0;
    Work work;
    double limit_ns = 0;
    double memory_limit_ns = 0;  // the part of limit_ns that memory sets
  };
  struct Part {
    int64_t steps = 0;
    int64_t busy_ns = 0;  // of all workers
    int num_workers = 1;
    std::map<std::string, Line> kinds;
  };
  struct Row {
    std::string name;
    int64_t count = 0;
    Line line;
  };

  void Charge(Line& line, const CommandRecord& command, int64_t time_ns) const;
  std::string Table(absl::string_view count_title, std::vector<Row> rows, size_t limit) const;

  std::optional<Roofline> limits_;
  std::map<std::string, Part> parts_;
  std::map<std::string, Line> commands_;  // by name
};

}  // namespace lathe
