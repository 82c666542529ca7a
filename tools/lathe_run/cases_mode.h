// lathe-run run ARTIFACT --check: runs the test cases inside the artifact and compares with what
// the compiler expected.
#pragma once

#include "absl/status/status.h"
#include "tools/lathe_run/options.h"
#include "tools/lathe_run/session.h"

namespace lathe {

// Reports every case on stdout. FailedPrecondition when one differs, NotFound when the artifact has
// none.
absl::Status RunCases(const RunOptions& options, Session& session);

}  // namespace lathe
