#include "frontend/reply/tool_types.h"

#include <utility>

#include "absl/strings/str_cat.h"

namespace lathe {
namespace {

using Kind = JsonValue::Kind;

absl::Status Unexpected(absl::string_view where, absl::string_view key, const JsonValue* found,
                        absl::string_view expected) {
  return absl::InvalidArgumentError(absl::StrCat(where, key.empty() ? "" : ".", key, ": found ",
                                                 found == nullptr ? "nothing" : Describe(*found),
                                                 ", expected ", expected));
}

}  // namespace

absl::StatusOr<ToolTypes> ToolTypes::FromJson(const JsonValue& tools, absl::string_view origin) {
  ToolTypes types;
  if (tools.is_null()) return types;
  if (tools.kind != Kind::kList) return Unexpected(origin, "", &tools, "a list of tools");
  for (size_t i = 0; i < tools.items.size(); ++i) {
    std::string where = absl::StrCat(origin, "[", i, "]");
    const JsonValue* tool = &tools.items[i];
    if (const JsonValue* function = tool->Find("function")) {
      tool = function;
      where += ".function";
    }
    if (!tool->is_object()) return Unexpected(where, "", tool, "an object with a name");
    const JsonValue* name = tool->Find("name");
    if (name == nullptr || name->kind != Kind::kString) {
      return Unexpected(where, "name", name, "a string");
    }
    Arguments& arguments = types.tools_[name->text];
    const JsonValue* schema = tool->Find("parameters");
    const JsonValue* properties = schema == nullptr ? nullptr : schema->Find("properties");
    if (properties == nullptr) continue;
    if (!properties->is_object()) {
      return Unexpected(where, "parameters.properties", properties, "an object");
    }
    for (const JsonMember& member : properties->members) {
      const JsonValue* type = member.value.Find("type");
      if (type != nullptr && type->kind == Kind::kString) arguments[member.name] = type->text;
    }
  }
  return types;
}

absl::string_view ToolTypes::TypeOf(absl::string_view tool, absl::string_view argument) const {
  const auto arguments = tools_.find(tool);
  if (arguments == tools_.end()) return "";
  const auto type = arguments->second.find(argument);
  return type == arguments->second.end() ? absl::string_view() : type->second;
}

}  // namespace lathe
