// Runs a program of the build as a user would, for tests of tools.
//   ProcessResult run = RunProcess({BinaryPath("lathe-run"), "run", "m.lathe"});
#pragma once

#include <string>
#include <vector>

namespace lathe::testing {

struct ProcessResult {
  int exit_code = -1;  // -1 when a signal ended it
  std::string out;     // stdout
  std::string err;     // stderr
};

struct ProcessOptions {
  // What stands on stdin.
  std::string stdin_text = "";
  // Where stdout goes; `out` stays empty then.
  std::string stdout_path = "";
  // Sends SIGINT as soon as something stands in stdout.
  bool interrupts_after_output = false;
};

// `words`: the program's path and its arguments.
ProcessResult RunProcess(const std::vector<std::string>& words, const ProcessOptions& options = {});

}  // namespace lathe::testing
