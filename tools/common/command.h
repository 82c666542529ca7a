// The frame of a tool with subcommands: picks the subcommand, answers --help and --version, and
// turns a Status into the exit code.
//   int main(int argc, char** argv) {
//     return lathe::RunTool({.name = "lathe-run", .summary = "...", .commands = {{"run", "generates
//     text", RunCommand}}}, argc, argv);
//   }
#pragma once

#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "tools/common/flags.h"
#include "tools/common/version_text.h"

namespace lathe {

// What every tool tells its caller.
enum ExitCode : int {
  kExitDone = 0,
  kExitInputFault = 1,     // a file, a prompt, a machine is not as it must be
  kExitWrongUse = 2,       // the command line
  kExitOurFault = 3,       // a bug
  kExitInterrupted = 130,  // Ctrl-C ended it; as shells say it
};

struct Command {
  std::string name;
  std::string summary;  // one line for the list in help
  int (*run)(
      absl::Span<const std::string> args);  // the words after the subcommand; returns the exit code
};

struct Tool {
  std::string name;
  std::string summary;
  std::vector<Command> commands;
  std::vector<std::string> notes = {};  // paragraphs at the end of help
  std::vector<VersionFact> (*version_facts)() = RunnerVersionFacts;  // what --version says
};

int RunTool(const Tool& tool, int argc, char** argv);

// Prints "name: message" on stderr for an error. Internal and Unknown are our fault, Cancelled
// is Ctrl-C, all else the input's.
int ReportStatus(absl::string_view name, const absl::Status& status);

// The same for errors of the command line.
int ReportWrongUse(absl::string_view name, const absl::Status& status);

// The frame of a command with flags: reads `args`, prints help where it is asked for, reports wrong
// use; otherwise the exit code is that of `act`, which finds the flags' values in place.
int RunWithFlags(absl::string_view name, FlagTable& flags, absl::Span<const std::string> args,
                 absl::FunctionRef<int()> act);

}  // namespace lathe
