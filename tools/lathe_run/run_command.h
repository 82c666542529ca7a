// `lathe-run run`: reads the command line, opens the artifact, hands over to one of the modes.
#pragma once

#include <string>

#include "absl/types/span.h"

namespace lathe {

// `args`: the words after "run". Returns the exit code.
int RunCommand(absl::Span<const std::string> args);

}  // namespace lathe
