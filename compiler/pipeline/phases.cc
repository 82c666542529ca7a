#include "compiler/pipeline/phases.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "runtime/base/strings.h"

namespace lathe {

const std::array<PhaseInfo, kNumPhases>& AllPhases() {
  static constexpr std::array<PhaseInfo, kNumPhases> kPhases = {{
#define LATHE_PHASE(enumerator, name, contract) {Phase::enumerator, #name, contract},
#include "compiler/pipeline/phases.def"
#undef LATHE_PHASE
  }};
  return kPhases;
}

absl::string_view PhaseName(Phase phase) { return AllPhases()[static_cast<size_t>(phase)].name; }

std::string PhaseNames() {
  return absl::StrJoin(AllPhases(), ", ", [](std::string* out, const PhaseInfo& info) {
    absl::StrAppend(out, info.name);
  });
}

absl::StatusOr<Phase> ParsePhase(absl::string_view name) {
  std::array<absl::string_view, kNumPhases> names;
  for (const PhaseInfo& info : AllPhases()) {
    if (info.name == name) return info.phase;
    names[static_cast<size_t>(info.phase)] = info.name;
  }
  std::string nearest = Nearest(name, names);
  return absl::InvalidArgumentError(
      absl::StrCat("no phase is called ", Quoted(name), "; the phases are ", PhaseNames(),
                   nearest.empty() ? "" : absl::StrCat(" (did you mean ", nearest, "?)")));
}

}  // namespace lathe
