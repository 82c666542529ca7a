// Functions that models call to choose tokens.
#pragma once

#include "ops/core/graph_builder.h"

namespace lathe {

// The lowest id below limits[r] with the largest of x[r, ..], [R] i32; -1 where there is none.
mlir::Value Argmax(mlir::ImplicitLocOpBuilder& b, mlir::Value x, mlir::Value limits);

// The id that each row of `logits` [R, V] f32 gives, [R] i32, as its request wants it chosen: below
// 0 where there is none (the op sample). Adds to the entry the inputs that say what is wanted:
// id_limits, sample_settings and sample_numbers, a row each a row of the logits (extent
// logit_rows), sample_ids and sample_values (extent sample_entries).
mlir::Value ChooseTokens(GraphBuilder& b, mlir::Value logits);

}  // namespace lathe
