#include "frontend/chat/value_json.h"

#include "absl/strings/str_cat.h"
#include "frontend/chat/limits.h"
#include "frontend/chat/text.h"
#include "runtime/base/status_macros.h"

namespace lathe {
namespace {

using Json = nlohmann::ordered_json;

absl::StatusOr<Value> Convert(const Json& json, int depth);

absl::StatusOr<Value> ConvertList(const Json& json, int depth) {
  std::vector<Value> items;
  items.reserve(json.size());
  for (const Json& item : json) {
    LATHE_ASSIGN_OR_RETURN(Value value, Convert(item, depth + 1));
    items.push_back(std::move(value));
  }
  return Value::List(std::move(items));
}

absl::StatusOr<Value> ConvertMap(const Json& json, int depth) {
  Value::Entries entries;
  entries.reserve(json.size());
  for (const auto& [key, item] : json.items()) {
    LATHE_ASSIGN_OR_RETURN(Value value, Convert(item, depth + 1));
    entries.emplace_back(key, std::move(value));
  }
  return Value::Map(std::move(entries));
}

absl::StatusOr<Value> Convert(const Json& json, int depth) {
  if (depth > kMaxValueDepth) {
    return absl::InvalidArgumentError(
        absl::StrCat("JSON nests deeper than ", kMaxValueDepth, " levels"));
  }
  switch (json.type()) {
    case Json::value_t::null:
      return Value::None();
    case Json::value_t::boolean:
      return Value::Bool(json.get<bool>());
    case Json::value_t::number_integer:
      return Value::Int(json.get<int64_t>());
    case Json::value_t::number_unsigned:
      return Value::Int(json.get<uint64_t>());
    case Json::value_t::number_float:
      return Value::Float(json.get<double>());
    case Json::value_t::string:
      return Value::String(json.get_ref<const std::string&>());
    case Json::value_t::array:
      return ConvertList(json, depth);
    case Json::value_t::object:
      return ConvertMap(json, depth);
    default:
      return absl::InvalidArgumentError(absl::StrCat("JSON value of type ", json.type_name(),
                                                     ": expected what JSON text can express"));
  }
}

absl::StatusOr<Value> ConvertArguments(const Json& arguments, int depth) {
  if (!arguments.is_string()) return Convert(arguments, depth);
  const std::string& text = arguments.get_ref<const std::string&>();
  if (StripSpace(text, Side::kBoth).empty()) return Value::Map({});
  Json parsed = Json::parse(text, nullptr, /*allow_exceptions=*/false);
  return parsed.is_object() ? Convert(parsed, depth) : Value::String(text);
}

// A tool call, or what stands under its key "function".
absl::StatusOr<Value> ConvertToolCall(const Json& call, int depth) {
  if (!call.is_object() || depth > kMaxValueDepth) return Convert(call, depth);
  Value::Entries entries;
  for (const auto& [key, item] : call.items()) {
    absl::StatusOr<Value> value;
    if (key == "arguments") {
      value = ConvertArguments(item, depth + 1);
    } else if (key == "function") {
      value = ConvertToolCall(item, depth + 1);
    } else {
      value = Convert(item, depth + 1);
    }
    LATHE_RETURN_IF_ERROR(value.status());
    entries.emplace_back(key, *std::move(value));
  }
  return Value::Map(std::move(entries));
}

absl::StatusOr<Value> ConvertToolCalls(const Json& calls) {
  constexpr int kDepth = 3;  // messages, message, tool_calls
  if (!calls.is_array()) return Convert(calls, kDepth);
  std::vector<Value> items;
  for (const Json& call : calls) {
    LATHE_ASSIGN_OR_RETURN(Value value, ConvertToolCall(call, kDepth + 1));
    items.push_back(std::move(value));
  }
  return Value::List(std::move(items));
}

absl::StatusOr<Value> ConvertMessage(const Json& message) {
  if (!message.is_object()) {
    return absl::InvalidArgumentError(absl::StrCat("is of type ", message.type_name(),
                                                   ", expected an object with role and content"));
  }
  Value::Entries entries;
  for (const auto& [key, item] : message.items()) {
    auto value = key == "tool_calls" ? ConvertToolCalls(item) : Convert(item, 3);
    LATHE_RETURN_IF_ERROR(value.status(), key);
    entries.emplace_back(key, *std::move(value));
  }
  return Value::Map(std::move(entries));
}

}  // namespace

absl::StatusOr<Value> ValueFromJson(const nlohmann::ordered_json& json) { return Convert(json, 1); }

absl::StatusOr<Value> MessagesFromJson(const nlohmann::ordered_json& messages) {
  if (!messages.is_array()) {
    return absl::InvalidArgumentError(absl::StrCat("messages: is of type ", messages.type_name(),
                                                   ", expected a list of objects"));
  }
  std::vector<Value> items;
  items.reserve(messages.size());
  for (size_t i = 0; i < messages.size(); ++i) {
    LATHE_ASSIGN_OR_RETURN(Value item, ConvertMessage(messages[i]), "messages[", i, "]");
    items.push_back(std::move(item));
  }
  return Value::List(std::move(items));
}

}  // namespace lathe
