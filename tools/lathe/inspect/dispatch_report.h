// What the dispatches of a step cost, and the least time in which a machine can do them.
//   const Machine machine = {limits, PredictedLevel(manifest, limits)};
//   std::string table = DispatchTable(program, sizes, machine).value();
#pragma once

#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "runtime/artifact/artifact_reader.h"
#include "runtime/base/roofline.h"
#include "tools/lathe/inspect/step_sizes.h"

namespace lathe {

// Whose least time is told, and in which code: units of arithmetic are those of a feature level.
struct Machine {
  Roofline limits = {};
  std::string level = {};
};

// The best level that a machine runs whose limits are `limits`: the last one for which they hold
// the peaks of all units that its kernels use. "" when there is none.
std::string PredictedLevel(const artifact::Manifest& manifest, const Roofline& limits);

// A line for each kind of dispatch and kernel, in the order of the program: how often it runs,
// work, intensity and, with `machine`, the predicted time. InvalidArgument for sizes at which a
// cost overflows.
absl::StatusOr<std::string> DispatchTable(const artifact::Program& program, const StepSizes& sizes,
                                          const std::optional<Machine>& machine);

// The cost of one command of `program`: as expressions, and at each of `sizes`.
absl::StatusOr<std::string> CostText(const artifact::Manifest& manifest,
                                     const artifact::Program& program,
                                     const artifact::Command& command,
                                     absl::Span<const StepSizes> sizes,
                                     const std::optional<Machine>& machine);

}  // namespace lathe
