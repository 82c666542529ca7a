// The tiles with which an artifact's kernels were written, as rules of a tuning file.
//   LATHE_ASSIGN_OR_RETURN(std::vector<TuningRule> rules, TilesInForce(artifact, ""));
//   std::cout << TuningText(rules);
//   LATHE_ASSIGN_OR_RETURN(auto tiles, TilesOfDispatch(artifact, "lm_head"));
//   tiles.at("x86-64-v4").reasons;
#pragma once

#include <map>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "compiler/lower/matmul_tiling.h"
#include "compiler/select/tuning.h"
#include "runtime/artifact/artifact_reader.h"

namespace lathe {

// A rule for each dispatch that has a tile and each level, or `level` alone unless that is empty;
// layers of one kind share a rule where their tiles are equal. In the order of the program.
// NotFound for an artifact without IR.
absl::StatusOr<std::vector<TuningRule>> TilesInForce(const Artifact& artifact,
                                                     const std::string& level);

// The tile of one dispatch on one level.
struct DispatchTile {
  MatmulTiling tiling;
  std::vector<std::string> reasons;  // what the model of tiles says, whether it was heard or not
};

// By level; empty for a dispatch that has no tile. NotFound for an artifact without IR.
absl::StatusOr<std::map<std::string, DispatchTile>> TilesOfDispatch(const Artifact& artifact,
                                                                    const std::string& dispatch);

}  // namespace lathe
