// What the dispatches of a step cost, and the least time in which a machine can do them.
//   std::string table = DispatchTable(program, sizes, limits).value();
#pragma once

#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "runtime/artifact/artifact_reader.h"
#include "runtime/base/roofline.h"
#include "tools/lathe/inspect/step_sizes.h"

namespace lathe {

// A line for each kind of dispatch and kernel, in the order of the program: how often it runs,
// work, intensity and, with `limits`, the predicted time. InvalidArgument for sizes at which a cost
// overflows.
absl::StatusOr<std::string> DispatchTable(const artifact::Program& program, const StepSizes& sizes,
                                          const std::optional<Roofline>& limits);

// The cost of one command: as expressions, and at each of `sizes`.
absl::StatusOr<std::string> CostText(const artifact::Manifest& manifest,
                                     const artifact::Command& command,
                                     absl::Span<const StepSizes> sizes,
                                     const std::optional<Roofline>& limits);

}  // namespace lathe
