// Qwen3 with mixtures of experts: the decoder of models/common whose layers add the weighted sum of
// a few experts.
#pragma once

#include "models/core/model.h"
#include "models/qwen3_moe/config.h"

namespace lathe::qwen3_moe {

// Experts may be stored one by one ("mlp.experts.7.up_proj.weight", as published) or fused
// ("mlp.experts.gate_up_proj", as transformers 5 saves them): what `dtype_of` knows decides.
absl::StatusOr<BuiltModel> Build(mlir::MLIRContext* context, ConfigReader& reader,
                                 const ModelOptions& options,
                                 const GraphBuilder::DTypeLookup& dtype_of);

}  // namespace lathe::qwen3_moe
