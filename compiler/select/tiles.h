// Tiles that a tuner chose for a dispatch, as its attribute: part of dumps, and so of what enters
// again with --start-from.
//   tiles = {"x86-64-v4" = {blocks = 2, few_blocks = 4, few_rows = 4, prefetch_lines = 32, rows =
//   8}}
#pragma once

#include <map>
#include <string>

#include "absl/status/statusor.h"
#include "compiler/lower/matmul_tiling.h"
#include "ops/core/dialect.h"

namespace lathe {

using Tiles = std::map<std::string, MatmulTiling>;  // by feature level

bool HasTiles(DispatchOp dispatch);

// Empty without the attribute. InvalidArgument when it is not of the form above: every number is
// there.
absl::StatusOr<Tiles> ReadTiles(DispatchOp dispatch);

void SetTiles(DispatchOp dispatch, const Tiles& tiles);

}  // namespace lathe
