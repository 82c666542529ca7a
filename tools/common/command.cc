#include "tools/common/command.h"

#include <csignal>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "runtime/base/strings.h"
#include "tools/common/fault_report.h"
#include "tools/common/standard_output.h"

namespace lathe {
namespace {

std::string ToolHelp(const Tool& tool) {
  std::string out = absl::StrCat("usage: ", tool.name, " COMMAND [words and flags]\n\n",
                                 tool.summary, "\n\nCommands:\n");
  for (const Command& command : tool.commands) {
    absl::StrAppend(&out, absl::StrFormat("  %-12s %s\n", command.name, command.summary));
  }
  absl::StrAppend(&out, "\n`", tool.name, " COMMAND --help` explains one of them; `", tool.name,
                  " --version` prints the version.\n");
  for (const std::string& note : tool.notes) absl::StrAppend(&out, "\n", note, "\n");
  return out;
}

int UnknownCommand(const Tool& tool, absl::string_view word) {
  std::vector<std::string> names;
  for (const Command& command : tool.commands) names.push_back(command.name);
  std::string near = Nearest(word, names);
  bool is_flag = absl::StartsWith(word, "-");
  return ReportWrongUse(
      tool.name, absl::InvalidArgumentError(absl::StrCat(
                     is_flag ? "unknown flag " : "unknown command ", Quoted(word),
                     near.empty() ? "" : ", did you mean ", near, near.empty() ? "" : "?",
                     is_flag ? "; flags of a command follow its name; see `" : "; see `", tool.name,
                     " --help`")));
}

}  // namespace

int RunTool(const Tool& tool, int argc, char** argv) {
  // A file that outgrows a limit of the system is an error of write(), not the end of the process.
  std::signal(SIGXFSZ, SIG_IGN);
  InstallFaultReports(tool.name.c_str());
  std::vector<std::string> words(argv + (argc > 0 ? 1 : 0), argv + argc);
  if (words.empty()) {
    WriteStderr(ToolHelp(tool));
    return kExitWrongUse;
  }
  if (words[0] == "--help" || words[0] == "-h" || words[0] == "help") {
    return ReportStatus(tool.name, WriteStdout(ToolHelp(tool)));
  }
  if (words[0] == "--version") {
    return ReportStatus(tool.name, WriteStdout(VersionText(tool.name, tool.version_facts())));
  }
  for (const Command& command : tool.commands) {
    if (command.name == words[0]) return command.run(absl::MakeConstSpan(words).subspan(1));
  }
  return UnknownCommand(tool, words[0]);
}

int ReportStatus(absl::string_view name, const absl::Status& status) {
  if (status.ok()) return kExitDone;
  WriteStderr(absl::StrCat(name, ": ", absl::StripTrailingAsciiWhitespace(status.message()), "\n"));
  if (absl::IsCancelled(status)) return kExitInterrupted;
  bool is_ours =
      status.code() == absl::StatusCode::kInternal || status.code() == absl::StatusCode::kUnknown;
  return is_ours ? kExitOurFault : kExitInputFault;
}

int ReportWrongUse(absl::string_view name, const absl::Status& status) {
  WriteStderr(absl::StrCat(name, ": ", status.message(), "\n"));
  return kExitWrongUse;
}

int RunWithFlags(absl::string_view name, FlagTable& flags, absl::Span<const std::string> args,
                 absl::FunctionRef<int()> act) {
  const absl::StatusOr<ParseResult> parsed = flags.Parse(args);
  if (!parsed.ok()) return ReportWrongUse(name, parsed.status());
  if (*parsed == ParseResult::kHelp) return ReportStatus(name, WriteStdout(flags.Help()));
  return act();
}

}  // namespace lathe
