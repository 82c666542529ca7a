// The names of the compiler's phases: what --start-from, --stop-after and --dump-after take.
#pragma once

#include <array>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace lathe {

enum class Phase {
#define LATHE_PHASE(enumerator, name, contract) enumerator,
#include "compiler/pipeline/phases.def"
#undef LATHE_PHASE
};

struct PhaseInfo {
  Phase phase;
  absl::string_view name;
  absl::string_view contract;  // what holds after it
};

inline constexpr size_t kNumPhases = 0
#define LATHE_PHASE(enumerator, name, contract) +1
#include "compiler/pipeline/phases.def"
#undef LATHE_PHASE
    ;

// All phases in the order in which they run.
const std::array<PhaseInfo, kNumPhases>& AllPhases();

absl::string_view PhaseName(Phase phase);

// "normalize, place, ...": for help and messages.
std::string PhaseNames();

// InvalidArgument names the phases, and the nearest one.
absl::StatusOr<Phase> ParsePhase(absl::string_view name);

}  // namespace lathe
