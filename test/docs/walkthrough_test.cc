// Runs documents: each block of commands in one folder after the other, and looks for the
// lines that it promises. A block that names a program ("```sh python3") is left out where that is
// not installed.
#include <filesystem>
#include <string>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "gtest/gtest.h"
#include "runtime/base/strings.h"
#include "test/support/data.h"
#include "test/support/process.h"

namespace lathe {
namespace {

// A block of commands, and the lines that must be among their output, in this order.
struct Step {
  int line = 0;         // of the document, from 1
  std::string program;  // that must be installed; "" for none
  std::string commands;
  std::vector<std::string> promises;
};

constexpr absl::string_view kCommands = "```sh";

bool IsCommands(absl::string_view fence) {
  return fence == kCommands || absl::StartsWith(fence, absl::StrCat(kCommands, " "));
}

std::vector<Step> ReadSteps(const std::string& document) {
  std::vector<Step> steps;
  std::string fence;
  int number = 0;
  for (absl::string_view view : absl::StrSplit(document, '\n')) {
    const std::string line(view);
    ++number;
    if (fence.empty() && line.rfind("```", 0) == 0) {
      fence = line;
      if (!IsCommands(fence)) continue;
      const std::string program(absl::StripAsciiWhitespace(fence.substr(kCommands.size())));
      steps.push_back({number, program, "", {}});
    } else if (line == "```") {
      fence.clear();
    } else if (IsCommands(fence)) {
      absl::StrAppend(&steps.back().commands, line, "\n");
    } else if (fence == "```text") {
      steps.back().promises.push_back(line);
    }
  }
  return steps;
}

// One space between words: columns are as wide as their contents.
std::string Squeeze(absl::string_view line) {
  std::vector<absl::string_view> words =
      absl::StrSplit(line, absl::ByAnyChar(" \t"), absl::SkipEmpty());
  return absl::StrJoin(words, " ");
}

// The first promise that `output` does not keep; "" when it keeps all.
std::string FirstBroken(const std::vector<std::string>& promises, const std::string& output) {
  const std::vector<std::string> lines = absl::StrSplit(output, '\n');
  size_t next = 0;
  for (const std::string& promise : promises) {
    const std::string pattern = absl::StrReplaceAll(Squeeze(promise), {{"*", "?"}, {"...", "*"}});
    // A star in the document is itself; a glob has no sign for that, so the text gives way, too.
    while (next < lines.size() &&
           !GlobMatches(pattern, absl::StrReplaceAll(Squeeze(lines[next]), {{"*", "?"}}))) {
      ++next;
    }
    if (next == lines.size()) return promise;
    ++next;
  }
  return "";
}

TEST(WalkthroughTest, PromisesAreLinesInOrder) {
  const std::string output = "a  1 b\nc * d\ne\n";
  EXPECT_EQ(FirstBroken({"a ... b", "c * d", "e"}, output), "");
  EXPECT_EQ(FirstBroken({"a ... b", "c x d"}, output), "c x d");
  EXPECT_EQ(FirstBroken({"e", "a ..."}, output), "a ...") << "out of order";
  EXPECT_EQ(FirstBroken({"a"}, output), "a") << "no more than a part of a line";
}

bool IsInstalled(const std::string& program) {
  return testing::RunProcess({"/bin/bash", "-c", "command -v " + program}).exit_code == 0;
}

// Does what `document` says; the number of promises that were kept.
size_t Walk(const std::string& document) {
  const std::string lathe = testing::BinaryPath("lathe");
  const std::string folder = testing::TempDir();
  const std::string prologue =
      absl::StrCat("set -e -o pipefail; exec 2>&1; cd '", folder, "'; export PATH='",
                   lathe.substr(0, lathe.rfind('/')), "':\"$PATH\" LATHE='",
                   testing::SourcePath("."), "' LIB='", testing::BinaryPath("../lib"), "'\n");
  size_t num_promises = 0;
  for (const Step& step : ReadSteps(testing::ReadFileOrDie(testing::SourcePath(document)))) {
    SCOPED_TRACE(absl::StrCat(document, ":", step.line));
    if (!step.program.empty() && !IsInstalled(step.program)) continue;
    const testing::ProcessResult run =
        testing::RunProcess({"/bin/bash", "-c", prologue + step.commands});
    EXPECT_EQ(run.exit_code, 0) << step.commands << run.out << run.err;
    EXPECT_EQ(FirstBroken(step.promises, run.out), "") << step.commands << run.out;
    if (::testing::Test::HasFailure()) break;
    num_promises += step.promises.size();
  }
  return num_promises;
}

TEST(WalkthroughTest, TuningDoesWhatItSays) { EXPECT_GE(Walk("docs/tuning.md"), 30u); }

TEST(WalkthroughTest, RequestsDoesWhatItSays) { EXPECT_GE(Walk("docs/requests.md"), 10u); }

TEST(WalkthroughTest, MemoryDoesWhatItSays) { EXPECT_GE(Walk("docs/memory.md"), 15u); }

TEST(WalkthroughTest, SessionsDoesWhatItSays) { EXPECT_GE(Walk("docs/sessions.md"), 6u); }

TEST(WalkthroughTest, EmbeddingDoesWhatItSays) {
  if (!std::filesystem::exists(testing::BinaryPath("../lib/liblathe.so")))
    GTEST_SKIP() << "liblathe.so is not built here";
  const bool has_python = IsInstalled("python3");
  EXPECT_GE(Walk("docs/embedding.md"), has_python ? 4u : 2u);
  if (!has_python) GTEST_SKIP() << "python3 is not installed here; the rest is right";
}

}  // namespace
}  // namespace lathe
