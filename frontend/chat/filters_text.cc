// Filters that make text, after jinja2/filters.py and the tojson of
// transformers/utils/chat_template_utils.py.
#include <algorithm>
#include <cmath>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "frontend/chat/builtins.h"
#include "frontend/chat/sequences.h"
#include "frontend/chat/text.h"
#include "frontend/chat/value_text.h"
#include "runtime/base/status_macros.h"

namespace lathe {
namespace {

using Arguments = BoundArguments;

absl::StatusOr<Value> String(Runtime* runtime, const Value& self, const Arguments&) {
  if (self.is_string()) return self;
  LATHE_ASSIGN_OR_RETURN(std::string text, Str(self, &runtime->budget));
  return Value::String(std::move(text));
}

// What a filter of strings makes of `self`, once this is text.
template <typename Map>
absl::StatusOr<Value> MapText(Runtime* runtime, const Value& self, Map map) {
  LATHE_ASSIGN_OR_RETURN(std::string text, Str(self, &runtime->budget));
  return Value::String(map(absl::string_view(text)));
}

absl::StatusOr<Value> ToUpper(Runtime* runtime, const Value& self, const Arguments&) {
  return MapText(runtime, self, Upper);
}
absl::StatusOr<Value> ToLower(Runtime* runtime, const Value& self, const Arguments&) {
  return MapText(runtime, self, Lower);
}
absl::StatusOr<Value> ToCapitalized(Runtime* runtime, const Value& self, const Arguments&) {
  return MapText(runtime, self, Capitalize);
}

absl::StatusOr<Value> Trim(Runtime* runtime, const Value& self, const Arguments& arguments) {
  if (arguments[0].is_undefined() || arguments[0].is_none()) {
    return MapText(runtime, self,
                   [](absl::string_view s) { return std::string(StripSpace(s, Side::kBoth)); });
  }
  LATHE_ASSIGN_OR_RETURN(absl::string_view chars, StringArgument(arguments[0], "chars"));
  return MapText(runtime, self, [&](absl::string_view s) {
    return std::string(StripChars(s, chars, Side::kBoth));
  });
}

absl::StatusOr<Value> Replace(Runtime* runtime, const Value& self, const Arguments& arguments) {
  LATHE_ASSIGN_OR_RETURN(std::string text, Str(self, &runtime->budget));
  const Function* method = FindMethod(Value::String(""), "replace");
  return method->call(runtime, Value::String(std::move(text)), arguments);
}

// Every line but the first one moves right.
absl::StatusOr<Value> Indent(Runtime* runtime, const Value& self, const Arguments& arguments) {
  std::string indent;
  if (arguments[0].is_string()) {
    indent = std::string(arguments[0].str());
  } else {
    LATHE_ASSIGN_OR_RETURN(int64_t width, IntArgument(arguments[0], "width", 4));
    LATHE_RETURN_IF_ERROR(runtime->budget.Build(static_cast<size_t>(std::max<int64_t>(width, 0))));
    indent.assign(static_cast<size_t>(std::max<int64_t>(width, 0)), ' ');
  }
  LATHE_ASSIGN_OR_RETURN(std::string text, Str(self, &runtime->budget));
  std::string out;
  bool is_first = true;
  // A line end at the end begins one more, empty line.
  text.push_back('\n');
  for (absl::string_view line : SplitLines(text)) {
    LATHE_RETURN_IF_ERROR(runtime->budget.Build(indent.size() + line.size() + 1));
    bool moves = is_first ? arguments[1].Truthy() : !line.empty() || arguments[2].Truthy();
    absl::StrAppend(&out, is_first ? "" : "\n", moves ? indent : "", line);
    is_first = false;
  }
  return Value::String(std::move(out));
}

absl::StatusOr<Value> Json(Runtime* runtime, const Value& self, const Arguments& arguments) {
  JsonStyle style;
  style.ensure_ascii = arguments[0].Truthy();
  const Value& indent = arguments[1];
  if (indent.is_string()) {
    style.indent = std::string(indent.str());
  } else if (!indent.is_undefined() && !indent.is_none()) {
    LATHE_ASSIGN_OR_RETURN(int64_t width, IntArgument(indent, "indent", 0));
    LATHE_RETURN_IF_ERROR(runtime->budget.Build(static_cast<size_t>(std::max<int64_t>(width, 0))));
    style.indent = std::string(static_cast<size_t>(std::max<int64_t>(width, 0)), ' ');
  }
  if (style.indent.has_value()) style.item_separator = ",";
  const Value& separators = arguments[2];
  if (separators.is_list() && separators.list().items.size() == 2) {
    LATHE_ASSIGN_OR_RETURN(auto item, StringArgument(separators.list().items[0], "separators[0]"));
    LATHE_ASSIGN_OR_RETURN(auto key, StringArgument(separators.list().items[1], "separators[1]"));
    style.item_separator = std::string(item);
    style.key_separator = std::string(key);
  } else if (!separators.is_undefined() && !separators.is_none()) {
    return absl::InvalidArgumentError("'separators' is no pair of strings");
  }
  style.sort_keys = arguments[3].Truthy();
  LATHE_ASSIGN_OR_RETURN(std::string text, ToJson(self, style, &runtime->budget));
  return Value::String(std::move(text));
}

// int(x), or the default where that fails; floats are cut.
absl::StatusOr<Value> ToInt(Runtime*, const Value& self, const Arguments& arguments) {
  Value otherwise = arguments[0].is_undefined() ? Value::Int(0) : arguments[0];
  if (self.is_integral()) return Value::Int(self.integer());
  double number = 0;
  if (self.is_string()) {
    absl::string_view text = StripSpace(self.str(), Side::kBoth);
    int64_t integer = 0;
    if (absl::SimpleAtoi(text, &integer)) return Value::Int(integer);
    if (!absl::SimpleAtod(text, &number)) return otherwise;
  } else if (self.is(Value::Kind::kFloat)) {
    number = self.number();
  } else {
    return otherwise;
  }
  if (!std::isfinite(number)) return otherwise;
  if (std::fabs(number) >= 9.2e18) {
    return absl::InvalidArgumentError("an integer does not fit 64 bits");
  }
  return Value::Int(static_cast<int64_t>(number));
}

absl::StatusOr<Value> ToFloat(Runtime*, const Value& self, const Arguments& arguments) {
  Value otherwise = arguments[0].is_undefined() ? Value::Float(0) : arguments[0];
  if (self.is_number()) return Value::Float(self.number());
  double number = 0;
  if (!self.is_string() || !absl::SimpleAtod(StripSpace(self.str(), Side::kBoth), &number)) {
    return otherwise;
  }
  return Value::Float(number);
}

absl::StatusOr<Value> Absolute(Runtime*, const Value& self, const Arguments&) {
  if (self.is(Value::Kind::kFloat)) return Value::Float(std::fabs(self.number()));
  if (self.is_integral()) return Value::Int(self.integer() < 0 ? -self.integer() : self.integer());
  return absl::InvalidArgumentError(
      absl::StrCat("abs: expected a number, found ", self.TypeName()));
}

// Without autoescape, text is safe as it is.
absl::StatusOr<Value> Safe(Runtime* runtime, const Value& self, const Arguments& arguments) {
  return String(runtime, self, arguments);
}

absl::StatusOr<Value> Default(Runtime*, const Value& self, const Arguments& arguments) {
  bool is_missing = self.is_undefined() || (arguments[1].Truthy() && !self.Truthy());
  if (!is_missing) return self;
  return arguments[0].is_undefined() ? Value::String("") : arguments[0];
}

constexpr Function kFilters[] = {
    {"abs", "", Absolute},
    {"capitalize", "", ToCapitalized},
    {"d", "default_value? boolean?", Default},
    {"default", "default_value? boolean?", Default},
    {"float", "default?", ToFloat},
    {"indent", "width? first? blank?", Indent},
    {"int", "default?", ToInt},
    {"lower", "", ToLower},
    {"replace", "old new count?", Replace},
    {"safe", "", Safe},
    {"string", "", String},
    {"tojson", "ensure_ascii? indent? separators? sort_keys?", Json},
    {"trim", "chars?", Trim},
    {"upper", "", ToUpper},
};

}  // namespace

absl::Span<const Function> TextFilters() { return kFilters; }

}  // namespace lathe
