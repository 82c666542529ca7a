// lathe-run run ARTIFACT --prompt=TEXT: answers, streaming the text as it comes.
#pragma once

#include "absl/status/status.h"
#include "tools/lathe_run/options.h"
#include "tools/lathe_run/session.h"

namespace lathe {

absl::Status RunText(const RunOptions& options, Session& session);

}  // namespace lathe
