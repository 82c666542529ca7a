#include "tools/lathe_run/request_line.h"

#include <algorithm>
#include <functional>
#include <limits>
#include <utility>
#include <variant>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "frontend/json/json_text.h"
#include "frontend/json/json_tree.h"
#include "runtime/base/status_macros.h"
#include "runtime/base/strings.h"
#include "tools/common/flags.h"

namespace lathe {
namespace {

using Kind = JsonValue::Kind;
constexpr NumberRange<int64_t> kIdRange = {0, std::numeric_limits<int32_t>::max()};

absl::Status Unexpected(absl::string_view what, const JsonValue& found,
                        absl::string_view expected) {
  return absl::InvalidArgumentError(
      absl::StrCat(what, " is ", Describe(found), ", expected ", expected));
}

absl::StatusOr<std::string> ReadText(absl::string_view key, const JsonValue& value) {
  if (value.kind == Kind::kString) return value.text;
  return Unexpected(key, value, "a string");
}

absl::StatusOr<bool> ReadBool(absl::string_view key, const JsonValue& value) {
  if (value.kind == Kind::kBool) return value.boolean;
  return Unexpected(key, value, "true or false");
}

absl::StatusOr<int64_t> ReadNumber(absl::string_view key, const JsonValue& value,
                                   const NumberRange<int64_t>& range) {
  if (value.kind == Kind::kInt && value.integer >= range.least && value.integer <= range.most)
    return value.integer;
  return Unexpected(key, value, RangeText(IntFlag{.min = range.least, .max = range.most}));
}

absl::StatusOr<double> ReadNumber(absl::string_view key, const JsonValue& value,
                                  const NumberRange<double>& range) {
  const bool is_number = value.kind == Kind::kInt || value.kind == Kind::kFloat;
  if (is_number && value.number >= range.least && value.number <= range.most) return value.number;
  return Unexpected(key, value, RangeText(FloatFlag{.min = range.least, .max = range.most}));
}

absl::StatusOr<std::vector<int32_t>> ReadIds(absl::string_view key, const JsonValue& value) {
  if (value.kind != Kind::kList || value.items.empty())
    return Unexpected(key, value, "a list of token ids with at least one");
  std::vector<int32_t> ids;
  ids.reserve(value.items.size());
  for (size_t i = 0; i < value.items.size(); ++i) {
    LATHE_ASSIGN_OR_RETURN(const int64_t id,
                           ReadNumber(absl::StrCat(key, "[", i, "]"), value.items[i], kIdRange));
    ids.push_back(static_cast<int32_t>(id));
  }
  return ids;
}

// A string, or a list of strings.
absl::StatusOr<std::vector<std::string>> ReadStops(absl::string_view key, const JsonValue& value) {
  std::vector<std::string> stops;
  const bool is_list = value.kind == Kind::kList;
  const size_t count = is_list ? value.items.size() : 1;
  for (size_t i = 0; i < count; ++i) {
    const JsonValue& item = is_list ? value.items[i] : value;
    if (item.kind != Kind::kString || item.text.empty()) {
      return Unexpected(is_list ? absl::StrCat(key, "[", i, "]") : std::string(key), item,
                        "a text that is not empty, or a list of such texts");
    }
    stops.push_back(item.text);
  }
  return stops;
}

// {"13": -2.5}
absl::StatusOr<std::vector<LogitBias>> ReadLogitBias(absl::string_view key,
                                                     const JsonValue& value) {
  constexpr char kExpected[] = "an object of biases by token id, as in {\"13\": -2.5}";
  if (!value.is_object()) return Unexpected(key, value, kExpected);
  std::vector<LogitBias> biases;
  for (const JsonMember& member : value.members) {
    LogitBias bias;
    if (!absl::SimpleAtoi(member.name, &bias.id) || bias.id < 0) {
      return absl::InvalidArgumentError(
          absl::StrCat(key, " has the key ", Quoted(member.name), ", expected ", kExpected));
    }
    LATHE_ASSIGN_OR_RETURN(const double number, ReadNumber(absl::StrCat(key, "[\"", bias.id, "\"]"),
                                                           member.value, kLogitBiasRange));
    bias.value = static_cast<float>(number);
    biases.push_back(bias);
  }
  return biases;
}

absl::StatusOr<Reasoning> ReadReasoning(absl::string_view key, const JsonValue& value) {
  if (value.kind == Kind::kString) {
    const std::optional<Reasoning> reasoning = ReasoningCalled(value.text);
    if (reasoning.has_value()) return *reasoning;
  }
  return Unexpected(key, value, "\"show\", \"hide\" or \"json\"");
}

// What the chat template reads of each is its own affair.
absl::StatusOr<nlohmann::ordered_json> ReadMessages(absl::string_view key, const JsonValue& value) {
  constexpr char kExpected[] =
      "a list of messages, as in [{\"role\": \"user\", \"content\": \"Hi\"}]";
  if (value.kind != Kind::kList || value.items.empty()) return Unexpected(key, value, kExpected);
  for (size_t i = 0; i < value.items.size(); ++i) {
    const JsonValue& message = value.items[i];
    const std::string where = absl::StrCat(key, "[", i, "]");
    if (!message.is_object()) return Unexpected(where, message, "an object with role and content");
    const JsonValue* role = message.Find("role");
    if (role == nullptr) {
      return absl::InvalidArgumentError(
          absl::StrCat(where,
                       " has no role, expected \"user\", \"assistant\", \"system\" or "
                       "what else the chat template knows"));
    }
    if (role->kind != Kind::kString) return Unexpected(where + ".role", *role, "a string");
  }
  return JsonTree(value);
}

absl::StatusOr<nlohmann::ordered_json> ReadVariables(absl::string_view key,
                                                     const JsonValue& value) {
  if (!value.is_object()) return Unexpected(key, value, "an object of variables by name");
  return JsonTree(value);
}

// A field of a line: its name, and what reads it.
struct Field {
  std::string key;
  std::function<absl::Status(absl::string_view key, const JsonValue& value, RequestFields& out)>
      read;
};

// The field that `read` reads and `place` keeps.
template <typename Read, typename Place>
Field MakeField(const char* key, Read read, Place place) {
  return {key, [read, place](absl::string_view name, const JsonValue& value, RequestFields& out) {
            LATHE_ASSIGN_OR_RETURN(place(out), read(name, value));
            return absl::OkStatus();
          }};
}

Field NumberField(const SamplingNumber& line) {
  return std::visit(
      [&line](const auto& number) {
        return MakeField(
            line.key,
            [range = number.range](absl::string_view key, const JsonValue& value) {
              return ReadNumber(key, value, range);
            },
            [member = number.value](RequestFields & out) -> auto& { return out.sampling.*member; });
      },
      line.number);
}

auto Whole(const NumberRange<int64_t>& range) {
  return [range](absl::string_view key, const JsonValue& value) {
    return ReadNumber(key, value, range);
  };
}

std::vector<Field> MakeFields() {
  using Out = RequestFields;
  std::vector<Field> fields = {
      MakeField(
          "prompt", ReadText, [](Out & out) -> auto& { return out.prompt; }),
      MakeField(
          "messages", ReadMessages, [](Out & out) -> auto& { return out.messages; }),
      MakeField(
          "token_ids", ReadIds, [](Out & out) -> auto& { return out.token_ids; }),
      MakeField(
          "system", ReadText, [](Out & out) -> auto& { return out.system; }),
      MakeField(
          "raw", ReadBool, [](Out & out) -> auto& { return out.raw; }),
      MakeField(
          "think", ReadBool, [](Out & out) -> auto& { return out.think; }),
      MakeField(
          "tools",
          [](absl::string_view key, const JsonValue& value) { return ReadTools(value, key); },
          [](Out & out) -> auto& { return out.tools; }),
      MakeField(
          "chat_template_kwargs", ReadVariables,
          [](Out & out) -> auto& { return out.template_variables; }),
      MakeField(
          "n", Whole(kAnswersRange), [](Out & out) -> auto& { return out.n; }),
      MakeField(
          "max_tokens", Whole(kNewTokensRange),
          [](Out & out) -> auto& { return out.max_new_tokens; }),
      MakeField(
          "reasoning", ReadReasoning, [](Out & out) -> auto& { return out.reasoning; }),
      MakeField(
          "ignore_eos", ReadBool, [](Out & out) -> auto& { return out.sampling.ignore_eos; }),
      MakeField(
          "stop", ReadStops, [](Out & out) -> auto& { return out.sampling.stop; }),
      MakeField(
          "stop_token_ids", ReadIds, [](Out & out) -> auto& { return out.sampling.stop_ids; }),
      MakeField(
          "allowed_token_ids", ReadIds,
          [](Out & out) -> auto& { return out.sampling.allowed_ids; }),
      MakeField(
          "forbidden_token_ids", ReadIds,
          [](Out & out) -> auto& { return out.sampling.forbidden_ids; }),
      MakeField(
          "logit_bias", ReadLogitBias, [](Out & out) -> auto& { return out.sampling.logit_bias; })};
  for (const SamplingNumber& line : SamplingNumbers()) fields.push_back(NumberField(line));
  return fields;
}

// Built once: a file may have millions of lines.
const std::vector<Field>& Fields() {
  static const auto& fields = *new std::vector<Field>(MakeFields());
  return fields;
}

absl::Status UnknownField(absl::string_view name) {
  std::vector<std::string> keys = {"id"};
  for (const Field& field : Fields()) keys.push_back(field.key);
  const std::string near = Nearest(name, keys);
  return absl::InvalidArgumentError(absl::StrCat(
      "unknown field ", Quoted(name), near.empty() ? "" : ", did you mean ", near,
      near.empty() ? "; known fields are " : "?", near.empty() ? absl::StrJoin(keys, ", ") : ""));
}

absl::Status ReadField(const JsonMember& member, RequestFields& out) {
  const auto& fields = Fields();
  const auto found = std::find_if(fields.begin(), fields.end(), [&member](const Field& field) {
    return field.key == member.name;
  });
  if (found == fields.end()) return UnknownField(member.name);
  // null is what clients send for "not given".
  if (member.value.is_null()) return absl::OkStatus();
  return found->read(found->key, member.value, out);
}

// The error names the field, if it is about one.
absl::Status CheckTogether(const RequestFields& fields, std::string* field) {
  const int questions = static_cast<int>(fields.prompt.has_value()) +
                        static_cast<int>(fields.messages.has_value()) +
                        static_cast<int>(!fields.token_ids.empty());
  if (questions != 1) {
    return absl::InvalidArgumentError(
        absl::StrCat("the line has ", questions == 0 ? "none" : "more than one",
                     " of prompt, messages and token_ids, expected exactly one"));
  }
  auto misplaced = [field](const char* name, const char* expected) {
    *field = name;
    return absl::InvalidArgumentError(absl::StrCat(name, " ", expected));
  };
  const bool has_template = fields.token_ids.empty() && !fields.raw.value_or(false);
  if (fields.raw.has_value() && !fields.prompt.has_value())
    return misplaced("raw", "goes with prompt");
  if (fields.system.has_value() && !(fields.prompt.has_value() && has_template))
    return misplaced("system", "goes with a prompt that is not raw");
  constexpr char kTemplate[] =
      "is for the chat template: it goes with messages, or with a prompt "
      "that is not raw";
  if (has_template) return absl::OkStatus();
  if (fields.think.has_value()) return misplaced("think", kTemplate);
  if (fields.tools.has_value()) return misplaced("tools", kTemplate);
  if (!fields.template_variables.is_null()) return misplaced("chat_template_kwargs", kTemplate);
  return absl::OkStatus();
}

absl::StatusOr<std::string> ReadId(const JsonValue& value) {
  const bool is_id =
      value.kind == Kind::kString || value.kind == Kind::kInt || value.kind == Kind::kFloat;
  if (is_id) return JsonText(value);
  if (value.is_null()) return std::string();
  return Unexpected("id", value, "a string or a number");
}

absl::StatusOr<RequestFields> ReadFields(const JsonValue& root, ParsedRequest& parsed) {
  if (!root.is_object()) return Unexpected("the line", root, "an object");
  // First, so that an error about any other field is told with it.
  if (const JsonValue* id = root.Find("id")) {
    parsed.field = "id";
    LATHE_ASSIGN_OR_RETURN(parsed.id, ReadId(*id));
  }
  RequestFields fields;
  for (const JsonMember& member : root.members) {
    if (member.name == "id") continue;
    parsed.field = member.name;
    LATHE_RETURN_IF_ERROR(ReadField(member, fields));
  }
  parsed.field.clear();
  LATHE_RETURN_IF_ERROR(CheckTogether(fields, &parsed.field));
  return fields;
}

}  // namespace

absl::StatusOr<Tools> ReadTools(const JsonValue& value, absl::string_view origin) {
  if (value.kind != Kind::kList || value.items.empty()) {
    return Unexpected(origin, value,
                      "a list of tools, as in [{\"type\": \"function\", \"function\": {\"name\": "
                      "\"f\", \"parameters\": {}}}]");
  }
  LATHE_ASSIGN_OR_RETURN(ToolTypes types, ToolTypes::FromJson(value, origin));
  return Tools{JsonTree(value), std::move(types)};
}

ParsedRequest ParseRequestLine(absl::string_view line) {
  ParsedRequest parsed;
  const absl::StatusOr<JsonValue> root = ParseJson(line, "the line");
  parsed.fields = root.ok() ? ReadFields(*root, parsed) : root.status();
  return parsed;
}

}  // namespace lathe
