#include "tools/lathe/tuning_file.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "compiler/lower/matmul_tiling.h"
#include "frontend/json/json_value.h"
#include "nlohmann/json.hpp"
#include "runtime/base/hash.h"
#include "runtime/base/mapped_file.h"
#include "runtime/base/status_macros.h"
#include "runtime/base/strings.h"

namespace lathe {
namespace {

constexpr size_t kMaxFileBytes = size_t{1} << 20;

std::vector<std::string> KnownKeys() {
  std::vector<std::string> keys = {"dispatch", "kernel", "level"};
  for (const TilingField& field : kTilingFields) keys.emplace_back(field.name);
  return keys;
}

absl::Status SetText(const JsonValue& value, absl::string_view where, std::string& text) {
  if (value.kind != JsonValue::Kind::kString || value.text.empty()) {
    return absl::InvalidArgumentError(
        absl::StrCat(where, " is ", Describe(value), ", expected a text"));
  }
  text = value.text;
  return absl::OkStatus();
}

absl::Status ReadKey(const JsonMember& member, absl::string_view where, TuningRule& rule) {
  const std::string key = absl::StrCat(where, ": ", member.name);
  if (member.name == "dispatch") return SetText(member.value, key, rule.dispatch);
  if (member.name == "kernel") return SetText(member.value, key, rule.kernel);
  if (member.name == "level") return SetText(member.value, key, rule.level);
  const std::vector<std::string> known = KnownKeys();
  if (std::find(known.begin(), known.end(), member.name) == known.end()) {
    const std::string nearest = Nearest(member.name, known);
    return absl::InvalidArgumentError(
        absl::StrCat(where, ": unknown key ", Quoted(member.name),
                     nearest.empty() ? "" : absl::StrCat(", did you mean ", nearest, "?"),
                     "; known keys are ", absl::StrJoin(known, ", ")));
  }
  if (member.value.kind != JsonValue::Kind::kInt) {
    return absl::InvalidArgumentError(
        absl::StrCat(key, " is ", Describe(member.value), ", expected a whole number"));
  }
  rule.numbers[member.name] = member.value.integer;
  return absl::OkStatus();
}

absl::StatusOr<TuningRule> ReadRule(const JsonValue& value, absl::string_view where) {
  if (!value.is_object()) {
    return absl::InvalidArgumentError(
        absl::StrCat(where, " is ", Describe(value), ", expected an object"));
  }
  TuningRule rule;
  for (const JsonMember& member : value.members)
    LATHE_RETURN_IF_ERROR(ReadKey(member, where, rule));
  const bool has_name = value.Find("dispatch") != nullptr || value.Find("kernel") != nullptr;
  if (!has_name || rule.level.empty() || rule.numbers.empty()) {
    return absl::InvalidArgumentError(
        absl::StrCat(where, " has no ",
                     !has_name            ? "dispatch (or kernel)"
                     : rule.level.empty() ? "level"
                                          : "number",
                     "; expected as {\"dispatch\": \"model.layers.*.mlp.down_proj\", \"level\": "
                     "\"x86-64-v4\", \"rows\": 8}"));
  }
  return rule;
}

}  // namespace

absl::StatusOr<std::vector<TuningRule>> ParseTuning(absl::string_view json,
                                                    absl::string_view origin) {
  LATHE_ASSIGN_OR_RETURN(JsonValue root, ParseJson(json, origin));
  if (root.kind != JsonValue::Kind::kList) {
    return absl::InvalidArgumentError(
        absl::StrCat(origin, " is ", Describe(root),
                     ", expected a list of rules; lathe inspect ARTIFACT --tuning prints one"));
  }
  std::vector<TuningRule> rules;
  for (size_t i = 0; i < root.items.size(); ++i) {
    LATHE_ASSIGN_OR_RETURN(TuningRule rule,
                           ReadRule(root.items[i], absl::StrCat(origin, ": rule ", i + 1)));
    rules.push_back(std::move(rule));
  }
  return rules;
}

absl::StatusOr<std::vector<TuningRule>> ReadTuning(const std::string& path) {
  LATHE_ASSIGN_OR_RETURN(std::string text, ReadFile(path, kMaxFileBytes));
  return ParseTuning(text, path);
}

std::string TuningText(const std::vector<TuningRule>& rules) {
  std::vector<std::string> lines;
  for (const TuningRule& rule : rules) {
    nlohmann::ordered_json json;
    if (rule.dispatch != "*" || rule.kernel == "*") json["dispatch"] = rule.dispatch;
    if (rule.kernel != "*") json["kernel"] = rule.kernel;
    json["level"] = rule.level;
    for (const TilingField& field : kTilingFields) {
      const auto number = rule.numbers.find(std::string(field.name));
      if (number != rule.numbers.end()) json[number->first] = number->second;
    }
    lines.push_back(absl::StrCat(
        "  ", json.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace)));
  }
  return absl::StrCat("[\n", absl::StrJoin(lines, ",\n"), lines.empty() ? "" : "\n", "]\n");
}

std::string CanonicalTuning(const std::vector<TuningRule>& rules) {
  return rules.empty() ? "" : absl::StrFormat("--tuning=%016x", Hash64(TuningText(rules)));
}

}  // namespace lathe
