#include "tools/lathe_run/result_json.h"

#include <cmath>
#include <utility>

#include "absl/strings/str_cat.h"
#include "nlohmann/json.hpp"

namespace lathe {
namespace {

using Json = nlohmann::ordered_json;

// What the model thought of each token; `text` is that of the token alone.
Json LogprobsJson(const Result& result, const Tokenizer& tokenizer) {
  auto entry = [&tokenizer](int32_t id, float logprob) {
    return Json{{"id", id}, {"text", tokenizer.Decode({id}, {})}, {"logprob", logprob}};
  };
  Json list = Json::array();
  for (size_t i = 0; i < result.logprobs.size(); ++i) {
    Json token = entry(result.tokens[i], result.logprobs[i].chosen);
    Json& top = token["top"] = Json::array();
    for (const sampling::Logprob& each : result.logprobs[i].likeliest)
      top.push_back(entry(each.id, each.value));
    list.push_back(std::move(token));
  }
  return list;
}

// Microseconds are the most that a clock says.
double Rounded(double seconds) { return std::round(seconds * 1e6) / 1e6; }

void AppendReply(const Answer& answer, Json& json) {
  const bool is_whole = answer.reasoning == Reasoning::kShow;
  json["text"] = is_whole ? answer.text : answer.reply.text;
  const bool is_apart = answer.reasoning == Reasoning::kApart;
  if (is_apart) json["reasoning"] = answer.reply.reasoning;
  if (is_apart || !answer.reply.calls.empty()) json["tool_calls"] = CallsJson(answer.reply.calls);
}

// The label's members first. Its id is JSON already, with the spelling that the request has.
std::string Line(const ResultLabel& label, const Json& members) {
  Json head = Json::object();
  if (label.line.has_value()) head["line"] = *label.line;
  if (label.index.has_value()) head["index"] = *label.index;
  head.update(members);
  const std::string text = head.dump(-1, ' ', false, Json::error_handler_t::replace);
  if (label.id.empty()) return text + "\n";
  return absl::StrCat("{\"id\":", label.id, ",", text.substr(1), "\n");
}

}  // namespace

std::string ResultJson(const ResultLabel& label, const Answer& answer, const Tokenizer& tokenizer) {
  Json json = Json::object();
  AppendReply(answer, json);
  const Result& result = answer.result;
  json["ids"] = result.tokens;
  json["finish"] = std::string(FinishText(result.reason));
  json["usage"] = {{"prompt_tokens", answer.num_prompt_tokens},
                   {"reused", result.num_reused},
                   {"new_tokens", result.tokens.size()}};
  if (result.num_preempted > 0) json["usage"]["preempted"] = result.num_preempted;
  json["timings"] = {{"queue_seconds", Rounded(answer.queue_seconds)},
                     {"first_token_seconds", Rounded(answer.first_seconds)},
                     {"total_seconds", Rounded(answer.last_seconds)}};
  if (answer.sampling.temperature > 0) json["seed"] = answer.sampling.seed;
  if (answer.sampling.num_logprobs.has_value()) json["logprobs"] = LogprobsJson(result, tokenizer);
  if (!answer.reply.notes.empty()) json["notes"] = answer.reply.notes;
  return Line(label, json);
}

std::string ErrorJson(const ResultLabel& label, absl::string_view field,
                      const absl::Status& status) {
  Json error = Json::object();
  if (!field.empty()) error["field"] = std::string(field);
  error["message"] = std::string(status.message());
  return Line(label, {{"error", std::move(error)}});
}

}  // namespace lathe
