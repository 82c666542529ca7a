// The commands of `lathe`, each in its own file; all take the words after the command and return
// the exit code.
#pragma once

#include <string>

#include "absl/types/span.h"

namespace lathe {

int CompileCommand(absl::Span<const std::string> args);
int CheckCommand(absl::Span<const std::string> args);
int InspectCommand(absl::Span<const std::string> args);
int BenchCommand(absl::Span<const std::string> args);
int OptCommand(absl::Span<const std::string> args);
// Hand over to lathe-run, which stands beside this program.
int RunCommand(absl::Span<const std::string> args);
int PlanCommand(absl::Span<const std::string> args);

}  // namespace lathe
