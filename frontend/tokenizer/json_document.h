// JSON from foreign files, read strictly: syntax errors say where, keys that occur twice and deep
// nesting are errors, and an object's keys are all accounted for.
//   LATHE_ASSIGN_OR_RETURN(nlohmann::json document, ParseJson(text));
//   JsonObject model(document["model"], "model");
//   LATHE_ASSIGN_OR_RETURN(bool flag, model.Bool("ignore_merges", false));
//   LATHE_RETURN_IF_ERROR(model.CheckAllRead());
#pragma once

#include <set>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "nlohmann/json.hpp"

namespace lathe {

absl::StatusOr<nlohmann::json> ParseJson(absl::string_view text);

// "an object", "a string", ...: for messages.
absl::string_view JsonKind(const nlohmann::json& value);

// InvalidArgument that names the place in the document, what was found and what was expected.
absl::Status JsonError(absl::string_view path, absl::string_view found, absl::string_view expected);

// Reads the keys of one object and remembers which. The value outlives it.
class JsonObject {
 public:
  // InvalidArgument when `value` is not an object.
  static absl::StatusOr<JsonObject> Open(const nlohmann::json& value, std::string path);

  std::string PathOf(absl::string_view key) const;
  // The value of a key, null when it is absent.
  const nlohmann::json* Find(absl::string_view key);
  absl::StatusOr<const nlohmann::json*> Required(absl::string_view key);
  absl::StatusOr<const nlohmann::json*> Array(absl::string_view key);
  absl::StatusOr<std::string> String(absl::string_view key);
  absl::StatusOr<bool> Bool(absl::string_view key);
  absl::StatusOr<bool> Bool(absl::string_view key, bool value_when_absent);
  // An integer from 0 to `limit` - 1.
  absl::StatusOr<uint32_t> Index(absl::string_view key, uint32_t limit);
  // True when the key is absent, null, or an empty string.
  bool IsBlank(absl::string_view key);
  // InvalidArgument that names a key that was never asked for.
  absl::Status CheckAllRead() const;

 private:
  JsonObject(const nlohmann::json& value, std::string path)
      : value_(&value), path_(std::move(path)) {}

  const nlohmann::json* value_;
  std::string path_;
  std::set<std::string> read_;
};

}  // namespace lathe
