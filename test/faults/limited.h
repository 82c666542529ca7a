// Runs the tools where the system gives them less than they ask for.
//   ProcessResult run = RunLimited({.address_mib = 64}, {BinaryPath("lathe-run"), "run", path});
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "test/support/process.h"

namespace lathe::testing {

struct Limits {
  std::optional<int64_t> address_mib = {};  // ulimit -v
  std::optional<int64_t> processes = {};    // ulimit -u
  bool short_reads = false;  // reads and writes of a few bytes, many of them interrupted
  bool as_nobody = false;    // a user who owns nothing; needs root
};

ProcessResult RunLimited(const Limits& limits, std::vector<std::string> words,
                         const ProcessOptions& options = {});

// The first number of MiB of addresses, from `mib` in steps, at which the program itself starts:
// below that the system's loader ends it.
int64_t LeastToStart(const std::string& program, int64_t mib, int64_t step);

// Done, or the input's fault with words that say which memory, or which thread, could not be had.
void ExpectMemoryTold(const ProcessResult& run, int64_t mib);

// Whether `as_nobody` can be had here.
bool CanBecomeNobody();

// The names in a folder, sorted.
std::vector<std::string> NamesIn(const std::string& folder);

// A folder that everyone may enter, fit for `as_nobody`.
std::string OpenFolder();

}  // namespace lathe::testing
