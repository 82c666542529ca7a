// lathe-run run ARTIFACT --chat: messages from stdin, answers to stdout, until the input ends.
#pragma once

#include "absl/status/status.h"
#include "tools/lathe_run/options.h"
#include "tools/lathe_run/session.h"

namespace lathe {

absl::Status RunChat(const RunOptions& options, Session& session);

}  // namespace lathe
