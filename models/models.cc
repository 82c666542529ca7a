#include "models/models.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "models/qwen3/model.h"
#include "models/qwen3_moe/model.h"
#include "runtime/base/status_macros.h"
#include "runtime/base/strings.h"

namespace lathe {
namespace {

struct Family {
  BuildFunction build;
  std::vector<std::string> architectures;
};

std::vector<Family> Families() {
  return {
#define LATHE_MODEL(folder, ...) {folder::Build, {__VA_ARGS__}},
#include "models/models.def"
#undef LATHE_MODEL
  };
}

// architectures[0], read without marking the key: the family reads it again.
absl::StatusOr<std::string> Architecture(const ConfigReader& config,
                                         absl::Span<const std::string> architectures) {
  if (!architectures.empty()) return architectures[0];
  return absl::InvalidArgumentError(
      absl::StrCat(config.origin(),
                   ": architectures is missing or empty, so the family is unknown; "
                   "expected a list with one of: ",
                   absl::StrJoin(SupportedArchitectures(), ", ")));
}

}  // namespace

std::vector<std::string> SupportedArchitectures() {
  std::vector<std::string> names;
  for (const Family& family : Families()) {
    names.insert(names.end(), family.architectures.begin(), family.architectures.end());
  }
  return names;
}

absl::StatusOr<BuiltModel> BuildModel(mlir::MLIRContext* context, ConfigReader& config,
                                      const ModelOptions& options,
                                      const GraphBuilder::DTypeLookup& dtype_of) {
  std::vector<std::string> listed =
      config.OptionalStringList("architectures").value_or(std::vector<std::string>{});
  LATHE_ASSIGN_OR_RETURN(std::string architecture, Architecture(config, listed));
  for (const Family& family : Families()) {
    for (const std::string& name : family.architectures) {
      if (name == architecture) return family.build(context, config, options, dtype_of);
    }
  }
  // No guess at a near name: LlamaForCausalLM is near Qwen3ForCausalLM, but another model.
  return absl::UnimplementedError(absl::StrCat(
      config.origin(), ": architectures: ", Quoted(architecture),
      " is not supported; supported are: ", absl::StrJoin(SupportedArchitectures(), ", "),
      " (docs/adding_a_model.md tells how to add one)"));
}

}  // namespace lathe
