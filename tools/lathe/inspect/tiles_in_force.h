// The tiles with which an artifact's kernels were written, as rules of a tuning file.
//   LATHE_ASSIGN_OR_RETURN(std::vector<TuningRule> rules, TilesInForce(artifact, ""));
//   std::cout << TuningText(rules);
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "compiler/select/tuning.h"
#include "runtime/artifact/artifact_reader.h"

namespace lathe {

// A rule for each dispatch that has a tile and each level, or `level` alone unless that is empty;
// layers of one kind share a rule where their tiles are equal. In the order of the program.
// NotFound for an artifact without IR.
absl::StatusOr<std::vector<TuningRule>> TilesInForce(const Artifact& artifact,
                                                     const std::string& level);

}  // namespace lathe
