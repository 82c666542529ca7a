// A JSON document as a tree of plain values, from a parser that refuses what a lenient one would
// hide: duplicate keys, deep or huge documents. Values keep their spelling, so that messages can
// show what the file says.
//   LATHE_ASSIGN_OR_RETURN(JsonValue root, ParseJson(text, "config.json"));
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace lathe {

struct JsonMember;

struct JsonValue {
  enum class Kind : uint8_t { kNull, kBool, kInt, kFloat, kString, kList, kObject };

  Kind kind = Kind::kNull;
  bool boolean = false;
  int64_t integer = 0;  // kInt only
  double number = 0;    // kInt and kFloat
  std::string text;     // kString: the string; kInt and kFloat: the number as the file spells it
  std::vector<JsonValue> items;
  std::vector<JsonMember> members;  // in the file's order, names unique

  bool is_null() const { return kind == Kind::kNull; }
  bool is_object() const { return kind == Kind::kObject; }
  // The member called `name` of an object, or null.
  const JsonValue* Find(absl::string_view name) const;
};

struct JsonMember {
  std::string name;
  JsonValue value;
};

// `the string "x"`, `the number 1.5`, `null`, `a list of 3`: for messages.
std::string Describe(const JsonValue& value);

// Limits of a document: far above any real configuration, far below what would exhaust memory or
// the stack.
inline constexpr size_t kMaxJsonBytes = size_t{16} << 20;
inline constexpr size_t kMaxJsonDepth = 32;
inline constexpr size_t kMaxJsonValues = size_t{1} << 20;

// Errors: InvalidArgument with `origin`, line and column for wrong syntax, duplicate keys and
// documents over the limits.
absl::StatusOr<JsonValue> ParseJson(absl::string_view text, absl::string_view origin);

}  // namespace lathe
