// Methods of strings, lists and mappings, as in Python. Those that change a list or a mapping are
// known, and refused.
#include <algorithm>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "frontend/chat/builtins.h"
#include "frontend/chat/operators.h"
#include "frontend/chat/sequences.h"
#include "frontend/chat/text.h"
#include "frontend/chat/value_text.h"
#include "runtime/base/status_macros.h"

namespace lathe {
namespace {

using Arguments = BoundArguments;

bool IsAbsent(const Value& v) { return v.is_undefined() || v.is_none(); }

// Whether `match` holds for a string, or for one of a tuple of strings.
template <typename Match>
absl::StatusOr<Value> MatchesAny(Runtime* runtime, const Value& candidates, absl::string_view what,
                                 Match match) {
  if (!candidates.is_list()) {
    LATHE_ASSIGN_OR_RETURN(absl::string_view text, StringArgument(candidates, what));
    return Value::Bool(match(text));
  }
  for (const Value& candidate : candidates.list().items) {
    LATHE_RETURN_IF_ERROR(runtime->budget.Step());
    LATHE_ASSIGN_OR_RETURN(absl::string_view text, StringArgument(candidate, what));
    if (match(text)) return Value::Bool(true);
  }
  return Value::Bool(false);
}

absl::StatusOr<Value> StartsWith(Runtime* runtime, const Value& self, const Arguments& arguments) {
  return MatchesAny(runtime, arguments[0], "prefix",
                    [&](absl::string_view text) { return absl::StartsWith(self.str(), text); });
}

absl::StatusOr<Value> EndsWith(Runtime* runtime, const Value& self, const Arguments& arguments) {
  return MatchesAny(runtime, arguments[0], "suffix",
                    [&](absl::string_view text) { return absl::EndsWith(self.str(), text); });
}

template <Side side>
absl::StatusOr<Value> Strip(Runtime* runtime, const Value& self, const Arguments& arguments) {
  LATHE_RETURN_IF_ERROR(runtime->budget.Build(self.str().size()));
  if (IsAbsent(arguments[0])) return Value::String(StripSpace(self.str(), side));
  LATHE_ASSIGN_OR_RETURN(absl::string_view chars, StringArgument(arguments[0], "chars"));
  LATHE_RETURN_IF_ERROR(runtime->budget.Build(chars.size() * sizeof(absl::string_view)));
  return Value::String(StripChars(self.str(), chars, side));
}

absl::StatusOr<absl::string_view> Separator(const Value& v) {
  LATHE_ASSIGN_OR_RETURN(absl::string_view separator, StringArgument(v, "sep"));
  if (separator.empty()) return absl::InvalidArgumentError("'sep' is empty");
  return separator;
}

absl::StatusOr<Value> Split(Runtime* runtime, const Value& self, const Arguments& arguments) {
  LATHE_ASSIGN_OR_RETURN(int64_t max_splits, IntArgument(arguments[1], "maxsplit", -1));
  LATHE_RETURN_IF_ERROR(runtime->budget.Build(self.str().size()));
  if (IsAbsent(arguments[0])) {
    return MakeStrings(SplitSpace(self.str(), max_splits), &runtime->budget);
  }
  LATHE_ASSIGN_OR_RETURN(absl::string_view separator, Separator(arguments[0]));
  std::vector<absl::string_view> pieces;
  absl::string_view rest = self.str();
  while (max_splits < 0 || static_cast<int64_t>(pieces.size()) < max_splits) {
    size_t at = FindText(rest, separator);
    if (at == absl::string_view::npos) break;
    pieces.push_back(rest.substr(0, at));
    rest.remove_prefix(at + separator.size());
  }
  pieces.push_back(rest);
  return MakeStrings(pieces, &runtime->budget);
}

// As Split, but from the end.
absl::StatusOr<Value> SplitRight(Runtime* runtime, const Value& self, const Arguments& arguments) {
  LATHE_ASSIGN_OR_RETURN(int64_t max_splits, IntArgument(arguments[1], "maxsplit", -1));
  if (max_splits < 0) return Split(runtime, self, arguments);
  if (IsAbsent(arguments[0])) {
    return absl::UnimplementedError("rsplit with maxsplit and without sep is not supported");
  }
  LATHE_ASSIGN_OR_RETURN(absl::string_view separator, Separator(arguments[0]));
  LATHE_RETURN_IF_ERROR(runtime->budget.Scan(self.str().size() * separator.size()));
  std::vector<absl::string_view> pieces;
  absl::string_view rest = self.str();
  while (static_cast<int64_t>(pieces.size()) < max_splits) {
    size_t at = rest.rfind(separator);
    if (at == absl::string_view::npos) break;
    pieces.push_back(rest.substr(at + separator.size()));
    rest = rest.substr(0, at);
  }
  pieces.push_back(rest);
  std::reverse(pieces.begin(), pieces.end());
  return MakeStrings(pieces, &runtime->budget);
}

absl::StatusOr<Value> Lines(Runtime* runtime, const Value& self, const Arguments&) {
  LATHE_RETURN_IF_ERROR(runtime->budget.Build(self.str().size()));
  return MakeStrings(SplitLines(self.str()), &runtime->budget);
}

// "" matches before each character and at the end, as in Python.
absl::StatusOr<Value> Replace(Runtime* runtime, const Value& self, const Arguments& arguments) {
  LATHE_ASSIGN_OR_RETURN(absl::string_view from, StringArgument(arguments[0], "old"));
  LATHE_ASSIGN_OR_RETURN(absl::string_view to, StringArgument(arguments[1], "new"));
  LATHE_ASSIGN_OR_RETURN(int64_t count, IntArgument(arguments[2], "count", -1));
  Budget* budget = &runtime->budget;
  LATHE_RETURN_IF_ERROR(budget->Build(self.str().size()));
  std::string out;
  absl::string_view rest = self.str();
  for (; count != 0; --count) {
    size_t at = FindText(rest, from);
    if (at == absl::string_view::npos) break;
    LATHE_RETURN_IF_ERROR(budget->Step());
    LATHE_RETURN_IF_ERROR(budget->Build(to.size()));
    absl::StrAppend(&out, rest.substr(0, at), to);
    rest.remove_prefix(at + from.size());
    if (!from.empty()) continue;
    if (rest.empty()) break;
    auto size = static_cast<size_t>(FirstCodePoint(rest).size);
    absl::StrAppend(&out, rest.substr(0, size));
    rest.remove_prefix(size);
  }
  absl::StrAppend(&out, rest);
  return Value::String(std::move(out));
}

absl::StatusOr<Value> JoinStrings(Runtime* runtime, const Value& self, const Arguments& arguments) {
  LATHE_ASSIGN_OR_RETURN(Value list, Iterate(arguments[0], &runtime->budget));
  std::string out;
  for (size_t i = 0; i < list.list().items.size(); ++i) {
    LATHE_ASSIGN_OR_RETURN(absl::string_view text,
                           StringArgument(list.list().items[i], "iterable[i]"));
    LATHE_RETURN_IF_ERROR(runtime->budget.Build(text.size() + self.str().size()));
    absl::StrAppend(&out, i == 0 ? absl::string_view() : self.str(), text);
  }
  return Value::String(std::move(out));
}

// Python counts characters, not bytes.
absl::StatusOr<Value> PlaceOf(Runtime* runtime, const Value& self, const Value& text,
                              bool from_end) {
  LATHE_ASSIGN_OR_RETURN(absl::string_view sub, StringArgument(text, "sub"));
  // A search from the end compares the whole of `sub` at each place, at the worst.
  size_t places =
      from_end ? self.str().size() * std::max<size_t>(sub.size(), 1) : self.str().size();
  LATHE_RETURN_IF_ERROR(runtime->budget.Scan(places));
  size_t at = from_end ? self.str().rfind(sub) : FindText(self.str(), sub);
  if (at == absl::string_view::npos) return Value::Int(-1);
  return Value::Int(static_cast<int64_t>(CodePointCount(self.str().substr(0, at))));
}

absl::StatusOr<Value> Find(Runtime* runtime, const Value& self, const Arguments& arguments) {
  return PlaceOf(runtime, self, arguments[0], /*from_end=*/false);
}
absl::StatusOr<Value> FindRight(Runtime* runtime, const Value& self, const Arguments& arguments) {
  return PlaceOf(runtime, self, arguments[0], /*from_end=*/true);
}

absl::StatusOr<Value> CountText(Runtime* runtime, const Value& self, const Arguments& arguments) {
  LATHE_ASSIGN_OR_RETURN(absl::string_view sub, StringArgument(arguments[0], "sub"));
  LATHE_RETURN_IF_ERROR(runtime->budget.Scan(self.str().size()));
  if (sub.empty()) return Value::Int(static_cast<int64_t>(CodePointCount(self.str())) + 1);
  int64_t count = 0;
  for (size_t at = FindText(self.str(), sub); at != absl::string_view::npos;
       at = FindText(self.str(), sub, at + sub.size())) {
    ++count;
  }
  return Value::Int(count);
}

absl::StatusOr<Value> RemovePrefix(Runtime* runtime, const Value& self,
                                   const Arguments& arguments) {
  LATHE_ASSIGN_OR_RETURN(absl::string_view prefix, StringArgument(arguments[0], "prefix"));
  LATHE_RETURN_IF_ERROR(runtime->budget.Build(self.str().size()));
  absl::string_view text = self.str();
  if (absl::StartsWith(text, prefix)) text.remove_prefix(prefix.size());
  return Value::String(text);
}

absl::StatusOr<Value> RemoveSuffix(Runtime* runtime, const Value& self,
                                   const Arguments& arguments) {
  LATHE_ASSIGN_OR_RETURN(absl::string_view suffix, StringArgument(arguments[0], "suffix"));
  LATHE_RETURN_IF_ERROR(runtime->budget.Build(self.str().size()));
  absl::string_view text = self.str();
  if (absl::EndsWith(text, suffix)) text.remove_suffix(suffix.size());
  return Value::String(text);
}

template <std::string (*map)(absl::string_view)>
absl::StatusOr<Value> MapText(Runtime* runtime, const Value& self, const Arguments&) {
  LATHE_RETURN_IF_ERROR(runtime->budget.Build(self.str().size()));
  return Value::String(map(self.str()));
}

template <bool (*has)(absl::string_view)>
absl::StatusOr<Value> TextHas(Runtime* runtime, const Value& self, const Arguments&) {
  LATHE_RETURN_IF_ERROR(runtime->budget.Scan(self.str().size()));
  return Value::Bool(has(self.str()));
}

bool IsSpaces(absl::string_view s) { return !s.empty() && StripSpace(s, Side::kBoth).empty(); }

absl::StatusOr<Value> IndexOf(Runtime* runtime, const Value& self, const Arguments& arguments) {
  const std::vector<Value>& items = self.list().items;
  for (size_t i = 0; i < items.size(); ++i) {
    LATHE_ASSIGN_OR_RETURN(bool same, Equal(items[i], arguments[0], &runtime->budget));
    if (same) return Value::Int(static_cast<int64_t>(i));
  }
  return absl::InvalidArgumentError("index: the value is not in the list");
}

absl::StatusOr<Value> CountItems(Runtime* runtime, const Value& self, const Arguments& arguments) {
  int64_t count = 0;
  for (const Value& item : self.list().items) {
    LATHE_ASSIGN_OR_RETURN(bool same, Equal(item, arguments[0], &runtime->budget));
    count += same ? 1 : 0;
  }
  return Value::Int(count);
}

absl::StatusOr<Value> Get(Runtime*, const Value& self, const Arguments& arguments) {
  const Value* found = arguments[0].is_string() ? self.map().Find(arguments[0].str()) : nullptr;
  if (found != nullptr) return *found;
  return arguments[1].is_undefined() ? Value::None() : arguments[1];
}

absl::StatusOr<Value> Keys(Runtime* runtime, const Value& self, const Arguments&) {
  return Iterate(self, &runtime->budget);
}

absl::StatusOr<Value> Values(Runtime* runtime, const Value& self, const Arguments&) {
  std::vector<Value> values;
  for (const auto& [key, value] : self.map().entries()) values.push_back(value);
  return MakeList(std::move(values), &runtime->budget);
}

absl::StatusOr<Value> Items(Runtime* runtime, const Value& self, const Arguments&) {
  std::vector<Value> pairs;
  for (const auto& [key, value] : self.map().entries()) {
    LATHE_RETURN_IF_ERROR(runtime->budget.Build(key.size() + 3 * sizeof(Value)));
    pairs.push_back(Value::Tuple({Value::String(key), value}));
  }
  return MakeList(std::move(pairs), &runtime->budget);
}

absl::StatusOr<Value> Same(Runtime*, const Value& self, const Arguments&) { return self; }

absl::StatusOr<Value> Refuse(Runtime*, const Value& self, const Arguments&) {
  return absl::InvalidArgumentError(absl::StrCat(
      "a ", self.TypeName(), " does not change in a chat template; make a new one, as in a + [b]"));
}

constexpr Function kStringMethods[] = {
    {"capitalize", "", MapText<Capitalize>},
    {"count", "sub", CountText},
    {"endswith", "suffix", EndsWith},
    {"find", "sub", Find},
    {"isalpha", "", TextHas<IsLetters>},
    {"isdigit", "", TextHas<IsDigits>},
    {"isspace", "", TextHas<IsSpaces>},
    {"join", "iterable", JoinStrings},
    {"lower", "", MapText<Lower>},
    {"lstrip", "chars?", Strip<Side::kLeft>},
    {"removeprefix", "prefix", RemovePrefix},
    {"removesuffix", "suffix", RemoveSuffix},
    {"replace", "old new count?", Replace},
    {"rfind", "sub", FindRight},
    {"rsplit", "sep? maxsplit?", SplitRight},
    {"rstrip", "chars?", Strip<Side::kRight>},
    {"split", "sep? maxsplit?", Split},
    {"splitlines", "", Lines},
    {"startswith", "prefix", StartsWith},
    {"strip", "chars?", Strip<Side::kBoth>},
    {"title", "", MapText<Title>},
    {"upper", "", MapText<Upper>},
};

constexpr Function kListMethods[] = {
    {"append", "*", Refuse},        {"clear", "*", Refuse},   {"copy", "", Same},
    {"count", "value", CountItems}, {"extend", "*", Refuse},  {"index", "value", IndexOf},
    {"insert", "*", Refuse},        {"pop", "*", Refuse},     {"remove", "*", Refuse},
    {"reverse", "*", Refuse},       {"sort", "* **", Refuse},
};

constexpr Function kMapMethods[] = {
    {"clear", "*", Refuse},   {"copy", "", Same},          {"get", "key default?", Get},
    {"items", "", Items},     {"keys", "", Keys},          {"pop", "*", Refuse},
    {"popitem", "*", Refuse}, {"setdefault", "*", Refuse}, {"update", "* **", Refuse},
    {"values", "", Values},
};

}  // namespace

absl::Span<const Function> StringMethods() { return kStringMethods; }
absl::Span<const Function> ListMethods() { return kListMethods; }
absl::Span<const Function> MapMethods() { return kMapMethods; }

}  // namespace lathe
