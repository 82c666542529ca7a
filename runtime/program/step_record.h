// What the commands of one step were and when they ran: filled in by Program::Run for whoever
// looks on (runtime/program/profile, traces).
//   StepRecord record;
//   LATHE_RETURN_IF_ERROR(program->Run(bindings, &record));
#pragma once

#include <cstdint>
#include <vector>

#include "absl/strings/string_view.h"
#include "runtime/base/roofline.h"
#include "runtime/device/launch_times.h"

namespace lathe {

struct CommandRecord {
  absl::string_view name = {};    // model path; both names live as long as the artifact
  absl::string_view kernel = {};  // symbol
  int64_t rows = 0;  // the first of the kernel's dims: rows, for every kernel that has them
  Work work = {};    // as the compiler counted it
};

struct StepRecord {
  std::vector<CommandRecord> commands;
  LaunchTimes times;  // of the same commands
};

}  // namespace lathe
