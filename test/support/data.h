// Files that tests read and write.
#pragma once

#include <optional>
#include <string>

#include "absl/strings/string_view.h"

namespace lathe::testing {

// A path inside the source tree: SourcePath("test/data/tiny/config.json").
std::string SourcePath(absl::string_view relative);

// A program that the build made: BinaryPath("lathe-run").
std::string BinaryPath(absl::string_view name);

// A path inside the shared data that lies beside some checkouts, or none where it is absent: such tests are skipped by name.
std::optional<std::string> SharedDataPath(absl::string_view relative);

// A fresh empty folder for the running test, removed at exit.
std::string TempDir();

// The whole file; aborts the test program when it cannot be read.
std::string ReadFileOrDie(const std::string& path);
void WriteFileOrDie(const std::string& path, absl::string_view bytes);

}  // namespace lathe::testing

// Skips the running test, by name, where the shared data is absent.
#define LATHE_SHARED_DATA_OR_SKIP(variable, relative)                     \
  auto variable##_or = ::lathe::testing::SharedDataPath(relative);        \
  if (!variable##_or) GTEST_SKIP() << "no shared data here: " << relative; \
  const std::string variable = *variable##_or
