// What a model family is to the rest of Lathe: a pure function from a configuration to a module.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "frontend/config/common_fields.h"
#include "frontend/config/config_reader.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OwningOpRef.h"
#include "ops/core/graph_builder.h"

namespace lathe {

struct ModelOptions {
  // Also return the input of every decoder layer and of the final norm, as outputs
  // layer_inputs.{i}.
  bool probes = false;
};

// A weight of the checkpoint that the module need not use, and why: names that match `pattern`,
// where * stands for anything.
struct OptionalWeight {
  std::string pattern;
  std::string reason;
};

struct BuiltModel {
  std::string family;
  CommonFields common;
  int64_t vocab_size = 0;   // columns of the logits
  int64_t max_context = 0;  // positions that the checkpoint was made for
  std::vector<ParamInfo> params;
  std::vector<OptionalWeight> unused;  // what the checkpoint may hold besides
  mlir::OwningOpRef<mlir::ModuleOp> module;
};

// Reads every key of `config` that the family knows and builds the module. The context must have
// the dialect loaded.
using BuildFunction = absl::StatusOr<BuiltModel> (*)(mlir::MLIRContext* context,
                                                     ConfigReader& config,
                                                     const ModelOptions& options,
                                                     const GraphBuilder::DTypeLookup& dtype_of);

}  // namespace lathe
