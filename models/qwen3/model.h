// Qwen3, dense: the decoder of models/common with a swiglu in every layer.
#pragma once

#include "models/core/model.h"
#include "models/qwen3/config.h"

namespace lathe::qwen3 {

absl::StatusOr<BuiltModel> Build(mlir::MLIRContext* context, ConfigReader& reader,
                                 const ModelOptions& options,
                                 const GraphBuilder::DTypeLookup& dtype_of);

}  // namespace lathe::qwen3
