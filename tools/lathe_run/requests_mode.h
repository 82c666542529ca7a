// lathe-run run ARTIFACT --requests=FILE: a request a line, a result a line, many at once.
#pragma once

#include "absl/status/status.h"
#include "tools/lathe_run/options.h"
#include "tools/lathe_run/session.h"

namespace lathe {

// A line that cannot be answered has an error as its result, and the others go on.
// FailedPrecondition at the end when there was one; Cancelled after Ctrl-C, with the results so far
// written.
absl::Status RunRequests(const RunOptions& options, Session& session);

}  // namespace lathe
