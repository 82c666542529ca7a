// From a checkpoint's configuration to a module: picks the family by `architectures` and lets it
// build.
//   LATHE_ASSIGN_OR_RETURN(ConfigReader config, ConfigReader::Open(dir + "/config.json"));
//   LATHE_ASSIGN_OR_RETURN(BuiltModel model, BuildModel(&context, config, {}, dtype_of));
#pragma once

#include <string>
#include <vector>

#include "models/core/model.h"

namespace lathe {

// The architectures that can be built, in the order of models.def.
std::vector<std::string> SupportedArchitectures();

// Unimplemented names the supported architectures when `architectures[0]` is none of them; errors
// of the configuration name file and key.
absl::StatusOr<BuiltModel> BuildModel(mlir::MLIRContext* context, ConfigReader& config,
                                      const ModelOptions& options,
                                      const GraphBuilder::DTypeLookup& dtype_of);

}  // namespace lathe
