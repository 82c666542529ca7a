// The global functions that transformers gives to chat templates
// (transformers/utils/chat_template_utils.py) and those of Jinja.
#include <algorithm>

#include "absl/strings/str_cat.h"
#include "frontend/chat/builtins.h"
#include "frontend/chat/sequences.h"
#include "frontend/chat/strftime.h"
#include "frontend/chat/value_text.h"
#include "runtime/base/status_macros.h"

namespace lathe {
namespace {

using Arguments = BoundArguments;

constexpr int64_t kMaxRange = 100'000;  // MAX_RANGE of jinja2/sandbox.py

// The template itself refuses the conversation: its words are the message.
absl::StatusOr<Value> RaiseException(Runtime* runtime, const Value&, const Arguments& arguments) {
  LATHE_ASSIGN_OR_RETURN(std::string message, Str(arguments[0], &runtime->budget));
  return absl::InvalidArgumentError(message);
}

absl::StatusOr<Value> Now(Runtime* runtime, const Value&, const Arguments& arguments) {
  LATHE_ASSIGN_OR_RETURN(absl::string_view format, StringArgument(arguments[0], "format"));
  if (!runtime->clock) {
    return absl::FailedPreconditionError(
        "strftime_now: this template prints the time, and the caller has given no clock");
  }
  LATHE_RETURN_IF_ERROR(runtime->budget.Build(format.size() * 8));
  LATHE_ASSIGN_OR_RETURN(std::string text, FormatTime(format, runtime->clock()));
  return Value::String(std::move(text));
}

// The entries of a mapping given first, then those given by name.
absl::StatusOr<Value::Entries> EntriesOf(const Arguments& arguments, absl::string_view function) {
  Value::Entries entries;
  const Value& base = arguments[0];
  if (base.is_map()) {
    entries = base.map().entries();
  } else if (!base.is_undefined()) {
    return absl::InvalidArgumentError(
        absl::StrCat(function, ": expected a mapping, found ", base.TypeName()));
  }
  entries.insert(entries.end(), arguments.named.begin(), arguments.named.end());
  return entries;
}

absl::StatusOr<Value> MakeNamespace(Runtime* runtime, const Value&, const Arguments& arguments) {
  LATHE_ASSIGN_OR_RETURN(Value::Entries entries, EntriesOf(arguments, "namespace"));
  LATHE_RETURN_IF_ERROR(runtime->budget.Build(sizeof(Namespace) + entries.size() * 64));
  runtime->namespaces.push_back(std::make_unique<Namespace>());
  for (auto& [key, value] : entries) runtime->namespaces.back()->Set(key, std::move(value));
  return Value::OfNamespace(runtime->namespaces.back().get());
}

absl::StatusOr<Value> MakeDict(Runtime* runtime, const Value&, const Arguments& arguments) {
  LATHE_ASSIGN_OR_RETURN(Value::Entries entries, EntriesOf(arguments, "dict"));
  LATHE_RETURN_IF_ERROR(runtime->budget.Build(entries.size() * 64));
  return Value::Map(std::move(entries));
}

absl::StatusOr<Value> Range(Runtime* runtime, const Value&, const Arguments& arguments) {
  bool has_begin = !arguments[1].is_undefined();
  LATHE_ASSIGN_OR_RETURN(int64_t begin,
                         IntArgument(has_begin ? arguments[0] : Value(), "start", 0));
  LATHE_ASSIGN_OR_RETURN(int64_t end, IntArgument(arguments[has_begin ? 1 : 0], "stop", 0));
  LATHE_ASSIGN_OR_RETURN(int64_t step, IntArgument(arguments[2], "step", 1));
  if (step == 0) return absl::InvalidArgumentError("range: the step is 0");
  absl::int128 distance = step > 0 ? absl::int128(end) - begin : absl::int128(begin) - end;
  absl::int128 pace = step > 0 ? absl::int128(step) : -absl::int128(step);
  absl::int128 count = distance <= 0 ? absl::int128(0) : (distance + pace - 1) / pace;
  if (count > kMaxRange) {
    return absl::ResourceExhaustedError(
        absl::StrCat("range: has more than ", kMaxRange, " elements"));
  }
  std::vector<Value> items;
  for (int64_t i = 0; i < static_cast<int64_t>(count); ++i) {
    // The product alone may not fit where the sum does.
    items.push_back(Value::Int(static_cast<int64_t>(absl::int128(begin) + absl::int128(i) * step)));
  }
  return MakeList(std::move(items), &runtime->budget);
}

constexpr Function kGlobals[] = {
    {"dict", "mapping? **", MakeDict},
    {"namespace", "mapping? **", MakeNamespace},
    {"raise_exception", "message", RaiseException},
    {"range", "start stop? step?", Range},
    {"strftime_now", "format", Now},
};

}  // namespace

absl::Span<const Function> Globals() { return kGlobals; }

}  // namespace lathe
