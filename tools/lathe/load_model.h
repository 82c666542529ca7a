// A model folder, read and built: what compile and check start from.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "compiler/emit/attachments.h"
#include "frontend/checkpoint/check.h"
#include "frontend/checkpoint/checkpoint.h"
#include "frontend/checkpoint/name_prefix.h"
#include "mlir/IR/MLIRContext.h"
#include "models/models.h"

namespace lathe {

struct LoadOptions {
  std::string folder = {};
  bool probes = false;
  std::vector<std::string> ignored_config_keys = {};
  std::string cases = {};  // file with test cases, "" = <folder>/cases.json where there is one
};

struct LoadedModel {
  std::unique_ptr<mlir::MLIRContext> context;
  std::unique_ptr<Checkpoint> checkpoint;
  std::unique_ptr<CanonicalNames> tensors;
  BuiltModel model;
  std::vector<std::string> warnings;
};

// Opens config.json and the checkpoint and builds the module. Errors name file, key and tensor.
absl::StatusOr<LoadedModel> LoadModel(const LoadOptions& options);

// Every tensor of the checkpoint against what the module asks for.
CheckReport CheckModel(const LoadedModel& loaded, bool allow_unused, bool scan_values, int threads);

// A line of advice for the problems of a report.
std::string HowToGoOn(const CheckReport& report);

// OK, or InvalidArgument with all problems and how to go on.
absl::Status ToStatus(const CheckReport& report);

// Tokenizer, template, generation defaults, cases.
absl::StatusOr<Attachments> LoadAttachments(const LoadOptions& options, const LoadedModel& loaded);

// "f32" or "bf16": the type that most bytes of the checkpoint have; f16 counts as bf16.
std::string PrecisionOfCheckpoint(const Checkpoint& checkpoint);

}  // namespace lathe
