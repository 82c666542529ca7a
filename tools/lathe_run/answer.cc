#include "tools/lathe_run/answer.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "frontend/reply/reply_parser.h"
#include "frontend/tokenizer/stop_strings.h"
#include "frontend/tokenizer/stream_decoder.h"
#include "nlohmann/json.hpp"
#include "runtime/base/status_macros.h"
#include "tools/common/standard_output.h"
#include "tools/lathe_run/reply_output.h"

namespace lathe {
namespace {

using Clock = std::chrono::steady_clock;
using Json = nlohmann::ordered_json;

double Seconds(Clock::time_point from, Clock::time_point to) {
  return std::chrono::duration<double>(to - from).count();
}

// Tokens as they come -> text -> the reply by its parts, on stdout at once unless it becomes JSON.
// The text of the first --min-tokens is not searched for --stop.
class TokenSink {
 public:
  TokenSink(const Asker& asker, bool opens_reasoning)
      : decoder_(asker.tokenizer, {.skip_special = true}),
        stops_(asker.options.sampling.stop),
        min_tokens_(asker.options.sampling.min_tokens.value_or(0)),
        parser_({.format = asker.format, .starts_in_reasoning = opens_reasoning}),
        output_(asker.options.reasoning == "hide" ? ReasoningMode::kHide : ReasoningMode::kShow,
                asker.options.PrintsJson() ? ReplyOutput::Writer() : WriteStdout),
        is_json_(asker.options.PrintsJson()) {}

  AfterToken Push(int32_t token) {
    last_ = Clock::now();
    if (num_tokens_++ == 0) first_ = last_;
    const std::string piece = decoder_.Push(token);
    if (!Take(num_tokens_ <= min_tokens_ ? piece : stops_.Push(piece))) return AfterToken::kCancel;
    return stops_.found().has_value() ? AfterToken::kStop : AfterToken::kGoOn;
  }
  // `is_ended`: by the model itself or by a stop string.
  absl::Status Finish(bool is_ended) {
    Take(stops_.Push(decoder_.Finish()));
    Take(stops_.Finish());
    output_.Take(parser_.Finish(/*is_cut=*/!is_ended));
    return is_json_ ? absl::OkStatus() : output_.Finish();
  }

  void Tell(Clock::time_point start, Answer* answer) const {
    answer->text = text_;
    answer->reply = output_.reply();
    if (num_tokens_ == 0) return;
    answer->first_seconds = Seconds(start, first_);
    answer->rest_seconds = Seconds(first_, last_);
  }

 private:
  bool Take(const std::string& piece) {
    text_ += piece;
    output_.Take(parser_.Push(piece));
    return output_.status().ok();
  }

  StreamDecoder decoder_;
  StopStrings stops_;
  int64_t min_tokens_;
  ReplyParser parser_;
  ReplyOutput output_;
  bool is_json_;
  std::string text_;
  int64_t num_tokens_ = 0;
  Clock::time_point first_;
  Clock::time_point last_;
};

bool IsStop(FinishReason reason) {
  return reason == FinishReason::kStopId || reason == FinishReason::kStopped;
}

absl::string_view ReasonText(FinishReason reason) {
  switch (reason) {
    case FinishReason::kStopId:
    case FinishReason::kStopped:
      return "stop";
    case FinishReason::kLength:
      return "length";
    case FinishReason::kContext:
      return "context";
    case FinishReason::kCancelled:
      return "interrupted";
    case FinishReason::kFailed:
      break;
  }
  return "failed";
}

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

std::string JsonText(const Answer& answer, const Asker& asker) {
  const std::string& reasoning = asker.options.reasoning;
  Json json = {{"text", reasoning == "show" ? answer.text : answer.reply.text}};
  if (reasoning == "json") {
    json["reasoning"] = answer.reply.reasoning;
    json["tool_calls"] = CallsJson(answer.reply.calls);
  }
  json["ids"] = answer.result.tokens;
  json["prompt_tokens"] = answer.num_prompt_tokens;
  json["new_tokens"] = answer.result.tokens.size();
  json["finish"] = std::string(ReasonText(answer.result.reason));
  if (asker.sampling.temperature > 0) json["seed"] = asker.sampling.seed;
  if (asker.sampling.num_logprobs.has_value())
    json["logprobs"] = LogprobsJson(answer.result, asker.tokenizer);
  return absl::StrCat(json.dump(-1, ' ', false, Json::error_handler_t::replace), "\n");
}

absl::StatusOr<Result> RunToEnd(Generator& generator, Request request, InterruptGuard& interrupt) {
  LATHE_ASSIGN_OR_RETURN(int64_t id, generator.Submit(std::move(request)));
  while (true) {
    if (interrupt.interrupted()) generator.Cancel(id);
    LATHE_ASSIGN_OR_RETURN(bool has_more, generator.Step());
    if (!has_more) break;
  }
  return *generator.Take(id);
}

}  // namespace

Request MakeRequest(const RunOptions& options, const artifact::Manifest& manifest,
                    const SamplingParams& sampling, std::vector<int32_t> prompt) {
  const int64_t context =
      std::min(options.context.value_or(manifest.max_context()), manifest.max_context());
  const int64_t room = context - static_cast<int64_t>(prompt.size());
  Request request{.prompt = std::move(prompt),
                  .max_new_tokens = options.max_new_tokens,
                  .stop_ids = StopIds(options.sampling, manifest.generation()),
                  .sampling = sampling};
  const int64_t own = manifest.generation().max_new_tokens();
  if (!request.max_new_tokens.has_value() && own > 0 && own < room) request.max_new_tokens = own;
  return request;
}

absl::StatusOr<Answer> RunAnswer(const Asker& asker, Request request, bool opens_reasoning,
                                 InterruptGuard& interrupt) {
  TokenSink sink(asker, opens_reasoning);
  Answer answer{.num_prompt_tokens = static_cast<int64_t>(request.prompt.size())};
  request.on_token = [&sink](int32_t token) { return sink.Push(token); };
  const Clock::time_point start = Clock::now();
  LATHE_ASSIGN_OR_RETURN(answer.result, RunToEnd(asker.generator, std::move(request), interrupt));
  LATHE_RETURN_IF_ERROR(sink.Finish(IsStop(answer.result.reason)));
  LATHE_RETURN_IF_ERROR(answer.result.status);
  sink.Tell(start, &answer);
  for (const std::string& note : answer.reply.notes)
    WriteStderr(absl::StrCat("lathe-run: ", note, "\n"));
  if (asker.options.PrintsJson()) LATHE_RETURN_IF_ERROR(WriteStdout(JsonText(answer, asker)));
  return answer;
}

std::string EndText(const Answer& answer, const Generator& generator) {
  if (answer.result.reason == FinishReason::kContext) {
    return absl::StrCat("lathe-run: the answer ends because the context of ", generator.context(),
                        " tokens is full\n");
  }
  if (answer.result.reason == FinishReason::kCancelled) return "lathe-run: interrupted\n";
  return "";
}

std::string SpeedText(const Answer& answer) {
  const auto num_tokens = static_cast<int64_t>(answer.result.tokens.size());
  if (num_tokens == 0) return "speed: no token was made\n";
  const int64_t num_reused = answer.result.num_reused;
  const std::string reused = num_reused > 0 ? absl::StrCat(num_reused, " of them reused, ") : "";
  std::string out = absl::StrFormat(
      "speed: first token after %.1f ms (%d prompt tokens, %s%.1f tokens/s)",
      answer.first_seconds * 1e3, answer.num_prompt_tokens, reused,
      static_cast<double>(answer.num_prompt_tokens - num_reused) / answer.first_seconds);
  if (num_tokens > 1) {
    absl::StrAppend(&out,
                    absl::StrFormat(", then %d tokens at %.1f tokens/s", num_tokens - 1,
                                    static_cast<double>(num_tokens - 1) / answer.rest_seconds));
  }
  return out + "\n";
}

}  // namespace lathe
