// What --version prints: the tool's version, and a line for each thing that decides whether a file,
// a tool and a machine fit together.
//   WriteStdout(VersionText("lathe-run", RunnerVersionFacts()));
#pragma once

#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"

namespace lathe {

struct VersionFact {
  std::string name;  // "kernel ABI"
  std::string text;  // "1"
};

// "lathe-run 0.5.0", then the facts in two columns.
std::string VersionText(absl::string_view tool, absl::Span<const VersionFact> facts);

// Who built the tool, the format versions that it reads, the kernel ABI, and the CPU levels that it
// knows, with that of this machine.
std::vector<VersionFact> RunnerVersionFacts();

}  // namespace lathe
