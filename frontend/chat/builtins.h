// The functions that templates may call: filters, tests, methods of strings, lists and mappings,
// and global functions. Each is a line in a table with its name, its parameters and its code;
// whatever is not in a table is refused by name.
#pragma once

#include <ctime>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "frontend/chat/limits.h"
#include "frontend/chat/value.h"

namespace lathe {

// What belongs to one rendering.
struct Runtime {
  explicit Runtime(const ChatLimits& limits) : budget(limits) {}

  Budget budget;
  std::function<std::tm()> clock;  // may be empty
  std::vector<std::unique_ptr<Namespace>> namespaces;
};

// What a call hands over, as it is written.
struct CallArguments {
  std::vector<Value> positional;
  Value::Entries named;
};

// What a function gets: a value for each parameter, undefined where none was given, then those of
// "*"; names only with "**".
struct BoundArguments {
  std::vector<Value> values;
  Value::Entries named;
  const Value& operator[](size_t i) const { return values[i]; }
};

struct Function {
  absl::string_view name;
  // "old new count?": names in order, "?" where it may be absent. "*" at the end: more positional
  // ones, "**": any names.
  absl::string_view parameters;
  absl::StatusOr<Value> (*call)(Runtime* runtime, const Value& self,
                                const BoundArguments& arguments);
};

// Errors: InvalidArgument for missing, surplus and unknown arguments.
absl::StatusOr<BoundArguments> BindArguments(const Function& function, CallArguments arguments);
absl::StatusOr<Value> CallFunction(const Function& function, Runtime* runtime, const Value& self,
                                   CallArguments arguments);

// Null where there is no such function.
const Function* FindFilter(absl::string_view name);
const Function* FindTest(absl::string_view name);
const Function* FindGlobal(absl::string_view name);
const Function* FindMethod(const Value& self, absl::string_view name);
// For "did you mean"; empty when none is near.
std::string NearestFilter(absl::string_view name);

// The tables, one a file.
absl::Span<const Function> TextFilters();      // filters_text.cc
absl::Span<const Function> SequenceFilters();  // filters_sequence.cc
absl::Span<const Function> Tests();            // predicates.cc
absl::Span<const Function> Globals();          // globals.cc
absl::Span<const Function> StringMethods();    // methods.cc
absl::Span<const Function> ListMethods();
absl::Span<const Function> MapMethods();

// Reading arguments. Errors: InvalidArgument, naming `what` and the type that was found.
absl::StatusOr<absl::string_view> StringArgument(const Value& v, absl::string_view what);
absl::StatusOr<int64_t> IntArgument(const Value& v, absl::string_view what, int64_t otherwise);

}  // namespace lathe
