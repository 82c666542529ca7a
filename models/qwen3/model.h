// Qwen3, dense: pre-norm decoder with grouped-query attention, norms on queries and keys, and
// SwiGLU.
#pragma once

#include "models/core/model.h"
#include "models/qwen3/config.h"

namespace lathe::qwen3 {

// Emits entry @step into `b`. Inputs: tokens [S], positions [S], row_sequence [S], logit_rows [R],
// those of ChooseTokens (ops/sampling), the cache groups; outputs: logits [R, V] and next_ids [R].
// Formulas after transformers 5.23 models/qwen3/modeling_qwen3.py.
void EmitStep(GraphBuilder& b, const Config& config, const ModelOptions& options);

absl::StatusOr<BuiltModel> Build(mlir::MLIRContext* context, ConfigReader& config,
                                 const ModelOptions& options,
                                 const GraphBuilder::DTypeLookup& dtype_of);

}  // namespace lathe::qwen3
