#include "frontend/json/json_tree.h"

namespace lathe {

// Depth is bounded by kMaxJsonDepth, the parser's limit.
nlohmann::ordered_json JsonTree(const JsonValue& value) {
  using Json = nlohmann::ordered_json;
  using Kind = JsonValue::Kind;
  switch (value.kind) {
    case Kind::kNull:
      return nullptr;
    case Kind::kBool:
      return value.boolean;
    case Kind::kInt:
      return value.integer;
    case Kind::kFloat:
      return value.number;
    case Kind::kString:
      return value.text;
    case Kind::kList: {
      Json::array_t list;
      list.reserve(value.items.size());
      for (const JsonValue& item : value.items) list.push_back(JsonTree(item));
      return list;
    }
    case Kind::kObject: {
      // Names are unique already; the map's own insertion would look for each of them again.
      Json::object_t object;
      object.reserve(value.members.size());
      for (const JsonMember& member : value.members)
        object.Container::emplace_back(member.name, JsonTree(member.value));
      return object;
    }
  }
  return nullptr;
}

}  // namespace lathe
