// lathe-run run ARTIFACT --ids=FILE: continues given ids greedily, past any end token, and shows or
// writes what the model computed.
#pragma once

#include "absl/status/status.h"
#include "tools/lathe_run/options.h"
#include "tools/lathe_run/session.h"

namespace lathe {

// Nothing is printed or written when there is an error.
absl::Status RunIds(const RunOptions& options, Session& session);

}  // namespace lathe
