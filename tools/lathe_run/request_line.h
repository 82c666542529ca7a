// A line of --requests: what it asks for, as a plain value. Bytes in, value out: no model is
// needed to read it.
//   ParsedRequest parsed = ParseRequestLine(R"({"id": 7, "prompt": "Hi", "temperature": 0.5})");
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "frontend/json/json_value.h"
#include "frontend/reply/tool_types.h"
#include "nlohmann/json.hpp"
#include "tools/lathe_run/reply_output.h"
#include "tools/lathe_run/sampling_values.h"

namespace lathe {

// Functions that the model is told about, and the types of their arguments.
struct Tools {
  nlohmann::ordered_json list;  // as chat templates take them
  ToolTypes types;
};

// InvalidArgument with `origin`, for what is no list of tools.
absl::StatusOr<Tools> ReadTools(const JsonValue& value, absl::string_view origin);

// What a line says. What is left out is as the command line has it.
struct RequestFields {
  // One of these has the question.
  std::optional<std::string> prompt = std::nullopt;
  std::optional<nlohmann::ordered_json> messages = std::nullopt;
  std::vector<int32_t> token_ids = {};

  // How the question becomes ids.
  std::optional<std::string> system = std::nullopt;
  std::optional<bool> raw = std::nullopt;
  std::optional<bool> think = std::nullopt;
  std::optional<Tools> tools = std::nullopt;
  nlohmann::ordered_json template_variables = nullptr;  // an object, or null

  // How it is answered.
  std::optional<int64_t> n = std::nullopt;  // answers
  std::optional<int64_t> max_new_tokens = std::nullopt;
  std::optional<Reasoning> reasoning = std::nullopt;
  SamplingValues sampling = {};
};

inline constexpr NumberRange<int64_t> kAnswersRange = {1, 1024};
inline constexpr NumberRange<int64_t> kNewTokensRange = {1, 1 << 30};

struct ParsedRequest {
  std::string id = {};     // as the line spells it, a JSON string or number; "" without one
  std::string field = {};  // the one that `fields` has an error about, if it is about one
  absl::StatusOr<RequestFields> fields = RequestFields();
};

// Errors: InvalidArgument that says what was found and what was expected.
ParsedRequest ParseRequestLine(absl::string_view line);

}  // namespace lathe
