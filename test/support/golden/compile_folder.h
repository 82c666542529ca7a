// Compiles model folders inside a test, as `lathe compile` does.
//   LATHE_ASSERT_OK_AND_ASSIGN(std::string artifact, CompiledModel(folder, "f32"));
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "compiler/passes/storage_policy.h"

namespace lathe::testing {

struct CompileSpec {
  std::string folder;
  std::string precision = "";  // "f32", "bf16", or "" for what the checkpoint holds
  StoragePolicy storage = {};  // its precision is not read
  bool probes = false;
  std::string cases = "";  // file with test cases to put inside
  int threads = 2;
};

// Writes the artifact at `output`.
absl::Status CompileFolder(const CompileSpec& spec, const std::string& output);

// The artifact of `folder` with probes, compiled when it is first asked for and kept until the test
// program ends.
absl::StatusOr<std::string> CompiledModel(const std::string& folder, const std::string& precision);

}  // namespace lathe::testing
