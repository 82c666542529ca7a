#include "tools/lathe_run/run_command.h"

#include <memory>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "runtime/base/status_macros.h"
#include "runtime/base/strings.h"
#include "tools/common/command.h"
#include "tools/common/standard_output.h"
#include "tools/lathe_run/cases_mode.h"
#include "tools/lathe_run/chat_mode.h"
#include "tools/lathe_run/ids_mode.h"
#include "tools/lathe_run/options.h"
#include "tools/lathe_run/requests_mode.h"
#include "tools/lathe_run/session.h"
#include "tools/lathe_run/text_mode.h"

namespace lathe {
namespace {

constexpr char kName[] = "lathe-run";

absl::Status RunMode(const RunOptions& options, Session& session) {
  if (options.prompt.has_value()) return RunText(options, session);
  if (options.chat) return RunChat(options, session);
  if (options.requests_file.has_value()) return RunRequests(options, session);
  if (options.ids_file.has_value()) return RunIds(options, session);
  if (options.check) return RunCases(options, session);
  return WriteStdout(absl::StrCat(options.artifact, ": ",
                                  HumanBytes(session.artifact().file_bytes()), " verified\n"));
}

absl::Status Execute(const RunOptions& options) {
  LATHE_ASSIGN_OR_RETURN(std::unique_ptr<Session> session, Session::Open(options));
  const absl::Status status = RunMode(options, *session);
  // Where the time went is told of a run that was cut short, too.
  WriteStderr(session->ProfileText());
  const absl::Status written = session->WriteTrace();
  return status.ok() ? written : status;
}

}  // namespace

int RunCommand(absl::Span<const std::string> args) {
  RunOptions options;
  FlagTable flags = RunFlags(options);
  return RunWithFlags(kName, flags, args, [&] {
    const absl::Status checked = CheckRunOptions(options);
    if (!checked.ok()) return ReportWrongUse(kName, checked);
    return ReportStatus(kName, Execute(options));
  });
}

}  // namespace lathe
