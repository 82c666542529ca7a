// The tests of `is`, after jinja2/tests.py.
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
using Kind = Value::Kind;

template <Kind kind>
absl::StatusOr<Value> IsOfKind(Runtime*, const Value& self, const Arguments&) {
  return Value::Bool(self.is(kind));
}

template <bool wanted>
absl::StatusOr<Value> IsBoolean(Runtime*, const Value& self, const Arguments&) {
  return Value::Bool(self.is(Kind::kBool) && self.boolean() == wanted);
}

absl::StatusOr<Value> IsDefined(Runtime*, const Value& self, const Arguments&) {
  return Value::Bool(!self.is_undefined());
}

absl::StatusOr<Value> IsNumber(Runtime*, const Value& self, const Arguments&) {
  return Value::Bool(self.is_number());
}

// Whatever has a length and elements by index: undefined has both in Jinja.
absl::StatusOr<Value> IsSequence(Runtime*, const Value& self, const Arguments&) {
  return Value::Bool(self.is_list() || self.is_string() || self.is_map() || self.is_undefined());
}

absl::StatusOr<Value> IsCallable(Runtime*, const Value& self, const Arguments&) {
  return Value::Bool(self.is_callable() || self.is_undefined());
}

absl::StatusOr<Value> Remainder(const Value& self, const Value& by) {
  if (!self.is_integral() || !by.is_integral()) {
    return absl::InvalidArgumentError(
        absl::StrCat("expected integers, found ", self.TypeName(), " and ", by.TypeName()));
  }
  if (by.integer() == 0) return absl::InvalidArgumentError("division by zero");
  return Value::Int(self.integer() % by.integer());
}

absl::StatusOr<Value> IsDivisibleBy(Runtime*, const Value& self, const Arguments& arguments) {
  LATHE_ASSIGN_OR_RETURN(Value rest, Remainder(self, arguments[0]));
  return Value::Bool(rest.integer() == 0);
}

template <bool wanted>
absl::StatusOr<Value> IsEven(Runtime*, const Value& self, const Arguments&) {
  LATHE_ASSIGN_OR_RETURN(Value rest, Remainder(self, Value::Int(2)));
  return Value::Bool((rest.integer() == 0) == wanted);
}

template <CompareOp op>
absl::StatusOr<Value> Compares(Runtime* runtime, const Value& self, const Arguments& arguments) {
  LATHE_ASSIGN_OR_RETURN(bool holds, ApplyCompare(op, self, arguments[0], &runtime->budget));
  return Value::Bool(holds);
}

// Python's `is`: the same kind and equal, which is the same object for the constants that templates
// ask about.
absl::StatusOr<Value> IsSame(Runtime* runtime, const Value& self, const Arguments& arguments) {
  if (self.kind() != arguments[0].kind()) return Value::Bool(false);
  LATHE_ASSIGN_OR_RETURN(bool same, Equal(self, arguments[0], &runtime->budget));
  return Value::Bool(same);
}

// All letters have the case, and there is a letter.
template <bool upper>
absl::StatusOr<Value> HasCase(Runtime* runtime, const Value& self, const Arguments&) {
  LATHE_ASSIGN_OR_RETURN(std::string text, Str(self, &runtime->budget));
  bool has_letters = Upper(text) != Lower(text);
  return Value::Bool(has_letters && text == (upper ? Upper(text) : Lower(text)));
}

constexpr Function kTests[] = {
    {"boolean", "", IsOfKind<Kind::kBool>},
    {"callable", "", IsCallable},
    {"defined", "", IsDefined},
    {"divisibleby", "num", IsDivisibleBy},
    {"eq", "other", Compares<CompareOp::kEqual>},
    {"equalto", "other", Compares<CompareOp::kEqual>},
    {"even", "", IsEven<true>},
    {"false", "", IsBoolean<false>},
    {"float", "", IsOfKind<Kind::kFloat>},
    {"ge", "other", Compares<CompareOp::kGreaterEqual>},
    {"greaterthan", "other", Compares<CompareOp::kGreater>},
    {"gt", "other", Compares<CompareOp::kGreater>},
    {"in", "seq", Compares<CompareOp::kIn>},
    {"integer", "", IsOfKind<Kind::kInt>},
    {"iterable", "", IsSequence},
    {"le", "other", Compares<CompareOp::kLessEqual>},
    {"lessthan", "other", Compares<CompareOp::kLess>},
    {"lower", "", HasCase<false>},
    {"lt", "other", Compares<CompareOp::kLess>},
    {"mapping", "", IsOfKind<Kind::kMap>},
    {"ne", "other", Compares<CompareOp::kNotEqual>},
    {"none", "", IsOfKind<Kind::kNone>},
    {"number", "", IsNumber},
    {"odd", "", IsEven<false>},
    {"sameas", "other", IsSame},
    {"sequence", "", IsSequence},
    {"string", "", IsOfKind<Kind::kString>},
    {"true", "", IsBoolean<true>},
    {"undefined", "", IsOfKind<Kind::kUndefined>},
    {"upper", "", HasCase<true>},
};

}  // namespace

absl::Span<const Function> Tests() { return kTests; }

}  // namespace lathe
