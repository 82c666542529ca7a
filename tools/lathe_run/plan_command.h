// The command `plan` of lathe-run: what a run will take of memory, and what fits into it.
#pragma once

#include <string>

#include "absl/types/span.h"

namespace lathe {

int PlanCommand(absl::Span<const std::string> args);

}  // namespace lathe
