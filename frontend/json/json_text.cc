#include "frontend/json/json_text.h"

#include "absl/strings/str_cat.h"
#include "nlohmann/json.hpp"

namespace lathe {
namespace {

using Kind = JsonValue::Kind;

// Depth is bounded by kMaxJsonDepth, the parser's limit.
void Append(const JsonValue& value, std::string* out) {
  switch (value.kind) {
    case Kind::kNull:
      out->append("null");
      break;
    case Kind::kBool:
      out->append(value.boolean ? "true" : "false");
      break;
    case Kind::kInt:
    case Kind::kFloat:
      out->append(value.text);
      break;
    case Kind::kString:
      out->append(JsonString(value.text));
      break;
    case Kind::kList:
      out->push_back('[');
      for (size_t i = 0; i < value.items.size(); ++i) {
        if (i > 0) out->push_back(',');
        Append(value.items[i], out);
      }
      out->push_back(']');
      break;
    case Kind::kObject:
      out->push_back('{');
      for (size_t i = 0; i < value.members.size(); ++i) {
        absl::StrAppend(out, i > 0 ? "," : "", JsonString(value.members[i].name), ":");
        Append(value.members[i].value, out);
      }
      out->push_back('}');
      break;
  }
}

}  // namespace

std::string JsonText(const JsonValue& value) {
  std::string out;
  Append(value, &out);
  return out;
}

std::string JsonString(absl::string_view text) {
  const nlohmann::json json = std::string(text);
  return json.dump(-1, ' ', /*ensure_ascii=*/false, nlohmann::json::error_handler_t::replace);
}

}  // namespace lathe
