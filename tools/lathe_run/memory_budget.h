// How much memory a run may take: as --memory says, else what is free less a reserve.
//   LATHE_ASSIGN_OR_RETURN(MemoryBudget budget, ReadMemoryBudget(options.memory));
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "runtime/base/free_memory.h"

namespace lathe {

struct MemoryBudget {
  uint64_t bytes = 0;
  std::string source = {};  // "--memory", or what was found free and what is kept back
};

// A tenth of `free`, so that the system and others have room to move.
MemoryBudget BudgetOf(const FreeMemory& free);

// Unavailable where the system does not say what is free.
absl::StatusOr<MemoryBudget> ReadMemoryBudget(std::optional<int64_t> memory);

}  // namespace lathe
