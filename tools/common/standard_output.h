// Results on stdout: written at once, and an error where they cannot be (a full disk, a closed
// descriptor) instead of silence.
#pragma once

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace lathe {

// ResourceExhausted for a full disk, else the system's reason.
absl::Status WriteStdout(absl::string_view text);

// Words about results; nothing can be done when these are lost.
void WriteStderr(absl::string_view text);

}  // namespace lathe
