// docs/cli.md shows the help of every command: this finds where they differ.
#include <map>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "test/support/data.h"
#include "test/support/process.h"

namespace lathe {
namespace {

constexpr char kRemedy[] = "; `tools/dev/write_cli_docs` writes the help texts of docs/cli.md anew";

// The help that the document shows, by command ("lathe compile").
std::map<std::string, std::string> DocumentedHelp(const std::string& document) {
  std::map<std::string, std::string> help;
  std::string* open = nullptr;
  bool is_first = false;
  for (absl::string_view line : absl::StrSplit(document, '\n')) {
    if (line == "```console") {
      is_first = true;
    } else if (line == "```") {
      open = nullptr;
    } else if (is_first) {
      is_first = false;
      if (absl::ConsumePrefix(&line, "$ ") && absl::ConsumeSuffix(&line, " --help"))
        open = &help[std::string(line)];
    } else if (open != nullptr) {
      absl::StrAppend(open, line, "\n");
    }
  }
  return help;
}

// The flags of a help text with all that is said of each, in one line.
std::map<std::string, std::string> Flags(const std::string& help) {
  std::map<std::string, std::string> flags;
  std::string* open = nullptr;
  for (absl::string_view line : absl::StrSplit(help, '\n')) {
    const std::vector<absl::string_view> words = absl::StrSplit(line, ' ', absl::SkipEmpty());
    if (absl::StartsWith(line, "  -")) {
      // "-v, --verbose": the long name.
      absl::string_view name = words[absl::EndsWith(words[0], ",") ? 1 : 0];
      name = name.substr(0, name.find('='));
      open = &flags[std::string(name)];
    } else if (!absl::StartsWith(line, "          ")) {
      open = nullptr;
    }
    if (open != nullptr) absl::StrAppend(open, open->empty() ? "" : " ", absl::StrJoin(words, " "));
  }
  return flags;
}

// What differs, a line each, flags by name.
std::vector<std::string> Differences(const std::string& documented, const std::string& real) {
  std::vector<std::string> differences;
  const std::map<std::string, std::string> old_flags = Flags(documented);
  const std::map<std::string, std::string> new_flags = Flags(real);
  for (const auto& [name, text] : new_flags) {
    const auto old = old_flags.find(name);
    if (old == old_flags.end()) {
      differences.push_back(absl::StrCat(name, " is missing"));
    } else if (old->second != text) {
      differences.push_back(
          absl::StrCat(name, " is \"", old->second, "\", --help says \"", text, "\""));
    }
  }
  for (const auto& [name, text] : old_flags) {
    if (new_flags.count(name) == 0) differences.push_back(absl::StrCat(name, " exists no more"));
  }
  if (differences.empty() && documented != real)
    differences.emplace_back("the words around the flags differ");
  return differences;
}

std::string Help(const std::string& command) {
  std::vector<std::string> words = absl::StrSplit(command, ' ');
  words[0] = testing::BinaryPath(words[0]);
  words.emplace_back("--help");
  const testing::ProcessResult run = testing::RunProcess(words);
  EXPECT_EQ(run.exit_code, 0) << command << run.err;
  return run.out;
}

// "  compile      model folder -> artifact" below "Commands:".
std::vector<std::string> Subcommands(const std::string& tool) {
  std::vector<std::string> commands;
  bool is_list = false;
  for (absl::string_view line : absl::StrSplit(Help(tool), '\n')) {
    if (line == "Commands:") {
      is_list = true;
    } else if (is_list && absl::ConsumePrefix(&line, "  ")) {
      commands.push_back(absl::StrCat(tool, " ", line.substr(0, line.find(' '))));
    } else {
      is_list = false;
    }
  }
  return commands;
}

TEST(HelpTest, DifferencesAreNamed) {
  const std::string help =
      "usage: t\n\nGroup:\n  -o, --out=FILE              where to\n"
      "                              write\n  --[no-]pin                  bind\n\nExamples:\n  t "
      "-o x\n";
  EXPECT_THAT(Flags(help),
              ::testing::ElementsAre(::testing::Pair("--[no-]pin", "--[no-]pin bind"),
                                     ::testing::Pair("--out", "-o, --out=FILE where to write")));
  EXPECT_TRUE(Differences(help, help).empty());
  std::string other = help;
  other.replace(other.find("pin"), 3, "tie");
  other.replace(other.find("write"), 5, "print");
  EXPECT_THAT(Differences(other, help),
              ::testing::ElementsAre("--[no-]pin is missing",
                                     "--out is \"-o, --out=FILE where to print\", --help says "
                                     "\"-o, --out=FILE where to write\"",
                                     "--[no-]tie exists no more"));
  other = help;
  other.replace(other.find("t -o x"), 6, "t -o y");
  EXPECT_THAT(Differences(other, help),
              ::testing::ElementsAre("the words around the flags differ"));
}

TEST(HelpTest, TheDocumentShowsEveryCommandAsItIs) {
  std::map<std::string, std::string> documented =
      DocumentedHelp(testing::ReadFileOrDie(testing::SourcePath("docs/cli.md")));
  std::vector<std::string> commands = {"lathe", "lathe-run"};
  for (const std::string tool : {"lathe", "lathe-run"}) {
    for (const std::string& command : Subcommands(tool)) commands.push_back(command);
  }
  // The help of one is MLIR's, that of the others lathe-run's.
  const std::set<std::string> elsewhere = {"lathe opt", "lathe run", "lathe plan"};
  EXPECT_GE(commands.size(), 9u);
  for (const std::string& command : commands) {
    if (elsewhere.count(command) != 0) continue;
    const auto found = documented.find(command);
    if (found == documented.end()) {
      ADD_FAILURE() << "docs/cli.md has no block that begins with `$ " << command << " --help`";
      continue;
    }
    for (const std::string& difference : Differences(found->second, Help(command)))
      ADD_FAILURE() << "docs/cli.md: " << command << ": " << difference << kRemedy;
    documented.erase(found);
  }
  for (const auto& [command, help] : documented)
    ADD_FAILURE() << "docs/cli.md shows the help of `" << command << "`, which is no command";
}

}  // namespace
}  // namespace lathe
