// A memory plan for people, as a table, and for programs, as JSON.
#pragma once

#include <string>

#include "absl/strings/string_view.h"
#include "runtime/generate/memory_plan.h"
#include "tools/lathe_run/memory_budget.h"

namespace lathe {

std::string PlanText(const MemoryPlan& plan, const MemoryBudget& budget);

// One line: {"context", "sequences", "step_rows", "threads", "weight_bytes", ..., "groups": [...],
// "memory_bytes", "fits", "largest_batch", "largest_context"}; the last two are 0 when nothing
// fits.
std::string PlanJson(const MemoryPlan& plan, const MemoryBudget& budget);

}  // namespace lathe
