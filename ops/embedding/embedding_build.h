// Functions that models call for lookups of rows.
#pragma once

#include "ops/core/graph_builder.h"

namespace lathe {

// Rows of `table` [V, H] as f32, times `multiplier`.
mlir::Value Embed(mlir::ImplicitLocOpBuilder& b, mlir::Value table, mlir::Value tokens,
                  double multiplier = 1.0);

// The rows of x that `rows` names.
mlir::Value GatherRows(mlir::ImplicitLocOpBuilder& b, mlir::Value x, mlir::Value rows);

}  // namespace lathe
