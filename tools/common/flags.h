// The command line of our tools: a declared table of flags that parses strictly, explains itself
// and suggests near names.
//   FlagTable flags("lathe-run run", "ARTIFACT [flags]", "Generates text from an artifact.");
//   flags.Positional("ARTIFACT", &options.artifact, "file made by `lathe compile`");
//   flags.Group("Generation");
//   flags.Int("max-new-tokens", &options.max_new_tokens, {.unit = "tokens", .min = 1}, "stop after
//   this many"); LATHE_ASSIGN_OR_RETURN(ParseResult result, flags.Parse(args));   // --x=5, --x 5,
//   -vv, --no-y, --help
#pragma once

#include <cstdint>
#include <functional>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"

namespace lathe {

// What a flag with a value accepts and how help shows it.
struct IntFlag {
  std::string unit = {};  // "tokens", "threads": shown in help
  int64_t min = std::numeric_limits<int64_t>::min();
  int64_t max = std::numeric_limits<int64_t>::max();
  std::string absent = {};  // what happens without the flag, for flags without a default value
};

struct FloatFlag {
  double min = -std::numeric_limits<double>::max();
  double max = std::numeric_limits<double>::max();
  std::string absent = {};
};

struct TextFlag {
  std::string form = "TEXT";  // stands for the value in help: "FILE", "LIST"
  char letter = 0;            // 'o' makes -o FILE and -oFILE the same flag
  std::string absent = {};
};

// "a whole number from 1 to 5", "a number from 0 to 1": what is expected.
std::string RangeText(const IntFlag& range);
std::string RangeText(const FloatFlag& range);

enum class ParseResult { kRun, kHelp };

// Every flag writes to a variable of the caller, whose value at the time of declaration is the
// default that help shows. Declaring a name twice is a bug (LATHE_CHECK).
class FlagTable {
 public:
  // `usage` follows the command in the usage line; `summary` is one or more sentences below it.
  FlagTable(std::string command, std::string usage, std::string summary);

  // Starts a titled group in help.
  void Group(std::string title);
  // --name sets, --no-name clears, --name=true|false too.
  void Bool(std::string name, bool* value, const std::string& help);
  // The same with a third state: not given.
  void OptionalBool(std::string name, std::optional<bool>* value, std::string help);
  void Int(std::string name, int64_t* value, const IntFlag& range, const std::string& help);
  void OptionalInt(std::string name, std::optional<int64_t>* value, const IntFlag& range,
                   const std::string& help);
  // A size of memory: 8G, 512MiB (byte_size.h), at least 1. `absent` says what happens without it.
  void OptionalBytes(std::string name, std::optional<int64_t>* value, const std::string& absent,
                     const std::string& help);
  // The range stands in help.
  void OptionalFloat(std::string name, std::optional<double>* value, const FloatFlag& range,
                     const std::string& help);
  void String(std::string name, std::string* value, const TextFlag& form, const std::string& help);
  void OptionalString(std::string name, std::optional<std::string>* value, const TextFlag& form,
                      const std::string& help);
  // May be given several times.
  void StringList(std::string name, std::vector<std::string>* values, const TextFlag& form,
                  const std::string& help);
  // May be given several times; each value goes to `read`, whose error says what was expected.
  void Each(std::string name, const TextFlag& form, const std::string& help,
            std::function<absl::Status(absl::string_view value)> read);
  // One of `choices`.
  void Choice(std::string name, std::string* value, const std::vector<std::string>& choices,
              const std::string& help);
  // -v, -vv, -vvv and --verbose (one step each); `steps` says what each step shows.
  void Verbosity(int* level, const std::vector<std::string>& steps);
  // Words that are not flags, in the order of declaration.
  void Positional(std::string name, std::string* value, std::string help);
  void OptionalPositional(std::string name, std::string* value, std::string help);
  // Command lines shown at the end of help, each with what it does.
  void Example(std::string command_line, std::string what);

  // Reads the words after the command's name. Errors (InvalidArgument) are wrong use: exit code 2.
  absl::StatusOr<ParseResult> Parse(absl::Span<const std::string> args);

  std::string Help() const;

 private:
  // Takes the value of a flag ("" with has_value false for --name alone).
  using Setter = std::function<absl::Status(absl::string_view value, bool has_value)>;
  struct Flag {
    std::string name;
    char letter = 0;
    std::string form;  // "" for flags without a value
    std::string help;  // with unit and default
    Setter set;
    bool is_repeated = false;
    bool is_negatable = false;
    size_t group = 0;
    bool seen = false;
  };
  struct PositionalWord {
    std::string name;
    std::string* value;
    std::string help;
    bool is_required;
  };
  struct ExampleLine {
    std::string command_line;
    std::string what;
  };

  Flag& Add(std::string name, std::string form, std::string help, Setter set);
  Flag* Find(absl::string_view name);
  absl::Status Unknown(absl::string_view name) const;
  absl::Status SetOnce(Flag& flag, absl::string_view value, bool has_value);
  absl::Status ParseLong(absl::string_view word, absl::Span<const std::string> args, size_t& next);
  absl::Status ParseShort(absl::string_view word, absl::Span<const std::string> args, size_t& next);
  absl::Status ParsePositional(const std::string& word);
  absl::Status WrongUse(const std::string& message) const;

  std::string command_;
  std::string usage_;
  std::string summary_;
  std::vector<std::string> groups_ = {""};
  std::vector<Flag> flags_;
  std::vector<PositionalWord> positionals_;
  size_t num_positionals_seen_ = 0;
  std::vector<ExampleLine> examples_;
};

}  // namespace lathe
