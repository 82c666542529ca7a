#include "frontend/reply/argument_value.h"

#include "frontend/json/json_text.h"
#include "frontend/json/json_value.h"

namespace lathe {

ArgumentValue ReadArgument(absl::string_view text, absl::string_view type) {
  if (type == "string") return {JsonString(text)};
  if (!text.empty()) {
    absl::StatusOr<JsonValue> value = ParseJson(text, "argument");
    if (value.ok()) return {JsonText(*value)};
  }
  if (text == "True") return {"true"};
  if (text == "False") return {"false"};
  if (text == "None") return {"null"};
  return {JsonString(text), /*has_type=*/type.empty()};
}

}  // namespace lathe
