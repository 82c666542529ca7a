// Values as text: Python's str() and repr(), and JSON as Python's json.dumps writes it.
#pragma once

#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "frontend/chat/limits.h"
#include "frontend/chat/value.h"

namespace lathe {

// str(v): strings as they are, undefined as nothing, True, None, 1e+16, [1, 'a'], {'k': 2.5}.
// Errors: InvalidArgument for what has no text (namespace, loop, macro, function),
// ResourceExhausted by the budget.
absl::StatusOr<std::string> Str(const Value& v, Budget* budget);

// repr(v): as Str, but strings quoted as Python does it.
absl::StatusOr<std::string> Repr(const Value& v, Budget* budget);

struct JsonStyle {
  bool ensure_ascii = false;
  std::optional<std::string> indent = std::nullopt;  // for each level; on one line when absent
  std::string item_separator = ", ";
  std::string key_separator = ": ";
  bool sort_keys = false;
};
// json.dumps(v, ...). Errors: as Str; undefined is no JSON either.
absl::StatusOr<std::string> ToJson(const Value& v, const JsonStyle& style, Budget* budget);

// Python's repr(float): the shortest digits that read back as `v`; 1.0, 0.0001, 1e-05, 1e+16, inf,
// nan.
std::string FloatText(double v);
std::string IntText(absl::int128 v);

}  // namespace lathe
