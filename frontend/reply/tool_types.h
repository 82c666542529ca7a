// The types that tools give their arguments, for forms that write arguments as bare text.
//   LATHE_ASSIGN_OR_RETURN(ToolTypes types, ToolTypes::FromJson(tools, "tools"));
//   types.TypeOf("get_weather", "days");   // "integer"
#pragma once

#include <string>

#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "frontend/json/json_value.h"

namespace lathe {

class ToolTypes {
 public:
  // No tools: no argument has a type.
  ToolTypes() = default;

  // `tools`: a list of {"type": "function", "function": F} or of F itself, F = {"name": ...,
  // "parameters": JSON schema of an object}; or null. `origin` stands in front of messages. Errors:
  // InvalidArgument, naming the tool, for what is none of these.
  static absl::StatusOr<ToolTypes> FromJson(const JsonValue& tools, absl::string_view origin);

  // The one JSON type ("string", "integer", ...) of an argument, or "" where there is no single
  // one: an unknown tool or argument, a union, a schema without a type.
  absl::string_view TypeOf(absl::string_view tool, absl::string_view argument) const;

 private:
  using Arguments = absl::flat_hash_map<std::string, std::string>;
  absl::flat_hash_map<std::string, Arguments> tools_;
};

}  // namespace lathe
