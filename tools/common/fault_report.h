// What a tool says when the system takes away what it works with: memory, or a file that it reads.
// Without this the process would end by a signal that names nothing.
//   InstallFaultReports("lathe-run");
#pragma once

namespace lathe {

// From now on a file that is cut short, or cannot be read, while it is mapped ends the process with
// a line on stderr that names the file, and memory that cannot be had with one that says how much
// there is; both with the exit code of the input's fault. Any other access to memory that is not
// there ends it by SIGSEGV, behind a line that says so. `tool` must stay. For programs only: it
// takes the process's handlers.
void InstallFaultReports(const char* tool);

// Ends the process as above: for libraries that have a hook of their own for memory that cannot be
// had. `what` may be null.
[[noreturn]] void EndWithoutMemory(const char* what);

}  // namespace lathe
