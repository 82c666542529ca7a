#include "tools/lathe_run/memory_budget.h"

#include "absl/strings/str_cat.h"
#include "runtime/base/strings.h"

namespace lathe {

MemoryBudget BudgetOf(const FreeMemory& free) {
  const uint64_t reserve = free.bytes / 10;
  return {.bytes = free.bytes - reserve,
          .source = absl::StrCat("what ", free.source, " has free, ", HumanBytes(free.bytes),
                                 ", less a tenth")};
}

absl::StatusOr<MemoryBudget> ReadMemoryBudget(std::optional<int64_t> memory) {
  if (memory.has_value()) return MemoryBudget{static_cast<uint64_t>(*memory), "--memory"};
  const std::optional<FreeMemory> free = ReadFreeMemory();
  if (free.has_value()) return BudgetOf(*free);
  return absl::UnavailableError(
      "the system does not say how much memory is free; give --memory=SIZE");
}

}  // namespace lathe
