#include "tools/common/flags.h"

#include <algorithm>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "runtime/base/check.h"
#include "runtime/base/status_macros.h"
#include "runtime/base/strings.h"
#include "tools/common/byte_size.h"

namespace lathe {
namespace {

constexpr size_t kHelpWidth = 100;
constexpr size_t kHelpColumn = 30;

absl::Status ParseBool(absl::string_view text, bool has_value, bool* out) {
  if (!has_value || text == "true") {
    *out = true;
  } else if (text == "false") {
    *out = false;
  } else {
    return absl::InvalidArgumentError(
        absl::StrCat("got ", Quoted(text), ", expected true or false"));
  }
  return absl::OkStatus();
}

absl::Status ParseInt(absl::string_view text, const IntFlag& range, int64_t* out) {
  int64_t value = 0;
  if (!absl::SimpleAtoi(text, &value) || value < range.min || value > range.max) {
    return absl::InvalidArgumentError(absl::StrCat("got ", Quoted(text), ", expected ",
                                                   RangeText(range), range.unit.empty() ? "" : " (",
                                                   range.unit, range.unit.empty() ? "" : ")"));
  }
  *out = value;
  return absl::OkStatus();
}

// NaN is outside of every range.
absl::Status ParseFloat(absl::string_view text, const FloatFlag& range, double* out) {
  double value = 0;
  if (!absl::SimpleAtod(text, &value) || !(value >= range.min && value <= range.max)) {
    return absl::InvalidArgumentError(
        absl::StrCat("got ", Quoted(text), ", expected ", RangeText(range)));
  }
  *out = value;
  return absl::OkStatus();
}

// "help text (unit; default: 5)"; either part may be missing.
std::string WithDefault(absl::string_view help, absl::string_view unit,
                        absl::string_view default_text) {
  std::vector<std::string> parts;
  if (!unit.empty()) parts.emplace_back(unit);
  if (!default_text.empty()) parts.push_back(absl::StrCat("default: ", default_text));
  if (parts.empty()) return std::string(help);
  return absl::StrCat(help, " (", absl::StrJoin(parts, "; "), ")");
}

// Appends `text` wrapped at kHelpWidth, every line but the first indented by `column` spaces; the
// cursor stands at `column`.
void AppendWrapped(absl::string_view text, size_t column, std::string& out) {
  size_t at = column;
  size_t begin = 0;
  while (begin < text.size()) {
    size_t end = std::min(text.find(' ', begin), text.size());
    absl::string_view word = text.substr(begin, end - begin);
    bool is_first = at == column;
    if (!is_first && at + 1 + word.size() > kHelpWidth) {
      absl::StrAppend(&out, "\n", std::string(column, ' '));
      at = column;
      is_first = true;
    }
    absl::StrAppend(&out, is_first ? "" : " ", word);
    at += word.size() + (is_first ? 0 : 1);
    begin = end + 1;
  }
  out += '\n';
}

void AppendEntry(absl::string_view left, absl::string_view help, std::string& out) {
  std::string line = absl::StrCat("  ", left);
  if (line.size() + 2 > kHelpColumn) {
    absl::StrAppend(&out, line, "\n", std::string(kHelpColumn, ' '));
  } else {
    line.resize(kHelpColumn, ' ');
    out += line;
  }
  AppendWrapped(help, kHelpColumn, out);
}

}  // namespace

std::string RangeText(const IntFlag& range) {
  bool has_min = range.min != std::numeric_limits<int64_t>::min();
  bool has_max = range.max != std::numeric_limits<int64_t>::max();
  if (has_min && has_max) return absl::StrCat("a whole number from ", range.min, " to ", range.max);
  if (has_min) return absl::StrCat("a whole number of at least ", range.min);
  if (has_max) return absl::StrCat("a whole number of at most ", range.max);
  return "a whole number";
}

std::string RangeText(const FloatFlag& range) {
  return absl::StrCat("a number from ", range.min, " to ", range.max);
}

FlagTable::FlagTable(std::string command, std::string usage, std::string summary)
    : command_(std::move(command)), usage_(std::move(usage)), summary_(std::move(summary)) {}

void FlagTable::Group(std::string title) { groups_.push_back(std::move(title)); }

FlagTable::Flag& FlagTable::Add(std::string name, std::string form, std::string help, Setter set) {
  LATHE_CHECK(Find(name) == nullptr) << "--" << name << " is declared twice";
  Flag flag;
  flag.name = std::move(name);
  flag.form = std::move(form);
  flag.help = std::move(help);
  flag.set = std::move(set);
  flag.group = groups_.size() - 1;
  flags_.push_back(std::move(flag));
  return flags_.back();
}

void FlagTable::Bool(std::string name, bool* value, const std::string& help) {
  Flag& flag = Add(std::move(name), "", WithDefault(help, "", *value ? "on" : ""),
                   [value](absl::string_view text, bool has_value) {
                     return ParseBool(text, has_value, value);
                   });
  flag.is_negatable = true;
}

void FlagTable::OptionalBool(std::string name, std::optional<bool>* value, std::string help) {
  Flag& flag =
      Add(std::move(name), "", std::move(help), [value](absl::string_view text, bool has_value) {
        bool parsed = false;
        LATHE_RETURN_IF_ERROR(ParseBool(text, has_value, &parsed));
        *value = parsed;
        return absl::OkStatus();
      });
  flag.is_negatable = true;
}

void FlagTable::Int(std::string name, int64_t* value, const IntFlag& range,
                    const std::string& help) {
  std::string text = WithDefault(help, range.unit, absl::StrCat(*value));
  Add(std::move(name), "N", std::move(text),
      [value, range](absl::string_view word, bool) { return ParseInt(word, range, value); });
}

void FlagTable::OptionalInt(std::string name, std::optional<int64_t>* value, const IntFlag& range,
                            const std::string& help) {
  std::string text = WithDefault(help, range.unit, range.absent);
  Add(std::move(name), "N", std::move(text), [value, range](absl::string_view word, bool) {
    int64_t parsed = 0;
    LATHE_RETURN_IF_ERROR(ParseInt(word, range, &parsed));
    *value = parsed;
    return absl::OkStatus();
  });
}

void FlagTable::OptionalBytes(std::string name, std::optional<int64_t>* value,
                              const std::string& absent, const std::string& help) {
  Add(std::move(name), "SIZE", WithDefault(help, "8G, 512MiB", absent),
      [value](absl::string_view word, bool) -> absl::Status {
        LATHE_ASSIGN_OR_RETURN(const int64_t bytes, ParseByteSize(word));
        if (bytes < 1) return absl::InvalidArgumentError("expected at least one byte");
        *value = bytes;
        return absl::OkStatus();
      });
}

void FlagTable::OptionalFloat(std::string name, std::optional<double>* value,
                              const FloatFlag& range, const std::string& help) {
  std::string text = WithDefault(help, absl::StrCat(range.min, " to ", range.max), range.absent);
  Add(std::move(name), "X", std::move(text), [value, range](absl::string_view word, bool) {
    double parsed = 0;
    LATHE_RETURN_IF_ERROR(ParseFloat(word, range, &parsed));
    *value = parsed;
    return absl::OkStatus();
  });
}

void FlagTable::String(std::string name, std::string* value, const TextFlag& form,
                       const std::string& help) {
  std::string text = WithDefault(help, "", value->empty() ? form.absent : *value);
  Flag& flag =
      Add(std::move(name), form.form, std::move(text), [value](absl::string_view word, bool) {
        *value = std::string(word);
        return absl::OkStatus();
      });
  flag.letter = form.letter;
}

void FlagTable::OptionalString(std::string name, std::optional<std::string>* value,
                               const TextFlag& form, const std::string& help) {
  Flag& flag = Add(std::move(name), form.form, WithDefault(help, "", form.absent),
                   [value](absl::string_view word, bool) {
                     *value = std::string(word);
                     return absl::OkStatus();
                   });
  flag.letter = form.letter;
}

void FlagTable::StringList(std::string name, std::vector<std::string>* values, const TextFlag& form,
                           const std::string& help) {
  Each(std::move(name), form, help, [values](absl::string_view word) {
    values->emplace_back(word);
    return absl::OkStatus();
  });
}

void FlagTable::Each(std::string name, const TextFlag& form, const std::string& help,
                     std::function<absl::Status(absl::string_view value)> read) {
  Flag& flag = Add(std::move(name), form.form,
                   absl::StrCat(WithDefault(help, "", form.absent), "; may be repeated"),
                   [read = std::move(read)](absl::string_view word, bool) { return read(word); });
  flag.letter = form.letter;
  flag.is_repeated = true;
}

void FlagTable::Choice(std::string name, std::string* value,
                       const std::vector<std::string>& choices, const std::string& help) {
  std::string form = absl::StrJoin(choices, "|");
  std::string text = WithDefault(help, "", *value);
  Add(std::move(name), form, std::move(text),
      [value, choices](absl::string_view word, bool) -> absl::Status {
        if (std::find(choices.begin(), choices.end(), std::string(word)) == choices.end()) {
          return absl::InvalidArgumentError(absl::StrCat("got ", Quoted(word), ", expected one of ",
                                                         absl::StrJoin(choices, ", ")));
        }
        *value = std::string(word);
        return absl::OkStatus();
      });
}

void FlagTable::Verbosity(int* level, const std::vector<std::string>& steps) {
  std::string help = "say more:";
  for (size_t i = 0; i < steps.size(); ++i) {
    absl::StrAppend(&help, i == 0 ? " " : "; ", "-", std::string(i + 1, 'v'), " ", steps[i]);
  }
  int most = static_cast<int>(steps.size());
  Flag& flag =
      Add("verbose", "", std::move(help), [level, most](absl::string_view, bool has_value) {
        if (has_value) return absl::InvalidArgumentError("takes no value; write -v, -vv or -vvv");
        *level = std::min(*level + 1, most);
        return absl::OkStatus();
      });
  flag.letter = 'v';
  flag.is_repeated = true;
}

void FlagTable::Positional(std::string name, std::string* value, std::string help) {
  LATHE_CHECK(positionals_.empty() || positionals_.back().is_required)
      << name << ": a required word after an optional one";
  positionals_.push_back({std::move(name), value, std::move(help), true});
}

void FlagTable::OptionalPositional(std::string name, std::string* value, std::string help) {
  positionals_.push_back({std::move(name), value, std::move(help), false});
}

void FlagTable::Example(std::string command_line, std::string what) {
  examples_.push_back({std::move(command_line), std::move(what)});
}

FlagTable::Flag* FlagTable::Find(absl::string_view name) {
  for (Flag& flag : flags_) {
    if (flag.name == name) return &flag;
  }
  return nullptr;
}

absl::Status FlagTable::WrongUse(const std::string& message) const {
  return absl::InvalidArgumentError(absl::StrCat(message, "; see `", command_, " --help`"));
}

absl::Status FlagTable::Unknown(absl::string_view name) const {
  std::vector<std::string> names = {"help"};
  for (const Flag& flag : flags_) {
    names.push_back(flag.name);
    if (flag.is_negatable) names.push_back(absl::StrCat("no-", flag.name));
  }
  std::string near = Nearest(name, names);
  return WrongUse(absl::StrCat("unknown flag --", name, near.empty() ? "" : ", did you mean --",
                               near, near.empty() ? "" : "?"));
}

absl::Status FlagTable::SetOnce(Flag& flag, absl::string_view value, bool has_value) {
  if (flag.seen && !flag.is_repeated)
    return WrongUse(absl::StrCat("--", flag.name, " is given twice"));
  flag.seen = true;
  absl::Status status = flag.set(value, has_value);
  if (status.ok()) return status;
  return WrongUse(absl::StrCat("--", flag.name, ": ", status.message()));
}

// `word` starts with "--"; `next` is the index of the word after it.
absl::Status FlagTable::ParseLong(absl::string_view word, absl::Span<const std::string> args,
                                  size_t& next) {
  absl::string_view name = word.substr(2);
  size_t equals = name.find('=');
  bool has_value = equals != absl::string_view::npos;
  absl::string_view value = has_value ? name.substr(equals + 1) : absl::string_view();
  name = name.substr(0, equals);
  Flag* flag = Find(name);
  if (flag == nullptr && absl::StartsWith(name, "no-")) {
    Flag* negated = Find(name.substr(3));
    if (negated != nullptr && negated->is_negatable) {
      if (has_value) return WrongUse(absl::StrCat("--", name, " takes no value"));
      return SetOnce(*negated, "false", true);
    }
  }
  if (flag == nullptr) return Unknown(name);
  if (flag->form.empty() || has_value) return SetOnce(*flag, value, has_value);
  if (next >= args.size() || absl::StartsWith(args[next], "--")) {
    return WrongUse(
        absl::StrCat("--", flag->name, " needs a value: --", flag->name, "=", flag->form));
  }
  return SetOnce(*flag, args[next++], true);
}

// `word` starts with a single "-": letters without a value may be joined (-vv); the value of a
// letter follows it or is the next word.
absl::Status FlagTable::ParseShort(absl::string_view word, absl::Span<const std::string> args,
                                   size_t& next) {
  for (size_t i = 1; i < word.size(); ++i) {
    Flag* flag = nullptr;
    for (Flag& candidate : flags_) {
      if (candidate.letter == word[i]) flag = &candidate;
    }
    if (flag == nullptr) return WrongUse(absl::StrCat("unknown flag ", Quoted(word)));
    if (flag->form.empty()) {
      LATHE_RETURN_IF_ERROR(SetOnce(*flag, "", false));
      continue;
    }
    if (i + 1 < word.size()) return SetOnce(*flag, word.substr(i + 1), true);
    if (next >= args.size() || absl::StartsWith(args[next], "--")) {
      return WrongUse(absl::StrCat("-", std::string(1, flag->letter), " needs a value: --",
                                   flag->name, "=", flag->form));
    }
    return SetOnce(*flag, args[next++], true);
  }
  return absl::OkStatus();
}

absl::Status FlagTable::ParsePositional(const std::string& word) {
  if (num_positionals_seen_ == positionals_.size()) {
    return WrongUse(absl::StrCat("unexpected word ", Quoted(word)));
  }
  *positionals_[num_positionals_seen_++].value = word;
  return absl::OkStatus();
}

absl::StatusOr<ParseResult> FlagTable::Parse(absl::Span<const std::string> args) {
  bool only_words = false;
  for (size_t next = 0; next < args.size();) {
    const std::string& word = args[next++];
    if (only_words || word == "-" || !absl::StartsWith(word, "-")) {
      LATHE_RETURN_IF_ERROR(ParsePositional(word));
    } else if (word == "--help" || word == "-h") {
      return ParseResult::kHelp;
    } else if (word == "--") {
      only_words = true;
    } else if (absl::StartsWith(word, "--")) {
      LATHE_RETURN_IF_ERROR(ParseLong(word, args, next));
    } else {
      LATHE_RETURN_IF_ERROR(ParseShort(word, args, next));
    }
  }
  if (num_positionals_seen_ < positionals_.size() &&
      positionals_[num_positionals_seen_].is_required) {
    const PositionalWord& missing = positionals_[num_positionals_seen_];
    return WrongUse(absl::StrCat(missing.name, " is missing: ", missing.help));
  }
  return ParseResult::kRun;
}

std::string FlagTable::Help() const {
  std::string out = absl::StrCat("usage: ", command_, " ", usage_, "\n\n");
  AppendWrapped(summary_, 0, out);
  if (!positionals_.empty()) out += '\n';
  for (const PositionalWord& word : positionals_) AppendEntry(word.name, word.help, out);
  for (size_t group = 0; group < groups_.size(); ++group) {
    bool is_first = true;
    for (const Flag& flag : flags_) {
      if (flag.group != group) continue;
      if (is_first)
        absl::StrAppend(&out, "\n", groups_[group].empty() ? "Flags" : groups_[group], ":\n");
      is_first = false;
      std::string left =
          flag.letter == 0 ? "" : absl::StrCat("-", std::string(1, flag.letter), ", ");
      absl::StrAppend(&left, flag.is_negatable ? "--[no-]" : "--", flag.name,
                      flag.form.empty() ? "" : "=", flag.form);
      AppendEntry(left, flag.help, out);
    }
  }
  if (!examples_.empty()) out += "\nExamples:\n";
  for (const ExampleLine& example : examples_) {
    absl::StrAppend(&out, "  ", example.command_line, "\n      ");
    AppendWrapped(example.what, 6, out);
  }
  return out;
}

}  // namespace lathe
