#include "test/support/golden/compile_folder.h"

#include <map>
#include <utility>

#include "compiler/pipeline/compile.h"
#include "runtime/base/status_macros.h"
#include "test/support/data.h"
#include "tools/lathe/load_model.h"

namespace lathe::testing {

absl::Status CompileFolder(const CompileSpec& spec, const std::string& output) {
  LoadOptions load;
  load.folder = spec.folder;
  load.probes = spec.probes;
  load.cases = spec.cases;
  LATHE_ASSIGN_OR_RETURN(LoadedModel loaded, LoadModel(load));
  LATHE_RETURN_IF_ERROR(
      CheckModel(loaded, /*allow_unused=*/false, /*scan_values=*/true, 1).ToStatus(), spec.folder);
  LATHE_ASSIGN_OR_RETURN(Attachments attachments, LoadAttachments(load, loaded));
  CompileOptions options;
  options.threads = spec.threads;
  options.storage = spec.storage;
  options.storage.precision =
      spec.precision.empty() ? PrecisionOfCheckpoint(*loaded.checkpoint) : spec.precision;
  return Compile(*loaded.model.module, *loaded.tensors, std::move(attachments), options, output)
      .status();
}

absl::StatusOr<std::string> CompiledModel(const std::string& folder, const std::string& precision) {
  static std::map<std::pair<std::string, std::string>, absl::StatusOr<std::string>> compiled;
  auto key = std::pair(folder, precision);
  auto known = compiled.find(key);
  if (known != compiled.end()) return known->second;
  std::string path = TempDir() + "/model.lathe";
  absl::Status status =
      CompileFolder({.folder = folder, .precision = precision, .probes = true}, path);
  auto result = status.ok() ? absl::StatusOr<std::string>(path) : status;
  compiled.emplace(key, result);
  return result;
}

}  // namespace lathe::testing
