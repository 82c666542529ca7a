#include "tools/lathe_run/text_mode.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "frontend/tokenizer/stop_strings.h"
#include "frontend/tokenizer/stream_decoder.h"
#include "nlohmann/json.hpp"
#include "runtime/base/status_macros.h"
#include "tools/common/standard_output.h"
#include "tools/lathe_run/interrupt.h"
#include "tools/lathe_run/prompt.h"

namespace lathe {
namespace {

using Clock = std::chrono::steady_clock;

// Takes tokens as they come: text goes to stdout at once, or is collected for --json. The text of
// the first --min-tokens is not searched for --stop.
class TextSink {
 public:
  TextSink(const Tokenizer& tokenizer, const RunOptions& options)
      : decoder_(tokenizer, {.skip_special = true}),
        stops_(options.sampling.stop),
        min_tokens_(options.sampling.min_tokens.value_or(0)),
        streams_(!options.json) {}

  // False when the text ends here, or cannot be written.
  bool Push(int32_t token) {
    last_ = Clock::now();
    if (num_tokens_++ == 0) first_ = last_;
    std::string piece = decoder_.Push(token);
    return Write(num_tokens_ <= min_tokens_ ? piece : stops_.Push(piece)) && !has_stopped();
  }
  absl::Status Finish() {
    Write(stops_.Push(decoder_.Finish()));
    Write(stops_.Finish());
    if (streams_ && (text_.empty() || text_.back() != '\n') && status_.ok())
      status_ = WriteStdout("\n");
    return status_;
  }

  // A text of --stop has come.
  bool has_stopped() const { return stops_.found().has_value(); }
  const std::string& text() const { return text_; }
  int64_t num_tokens() const { return num_tokens_; }
  // From `start` to the first token, and from there to the last.
  double first_seconds(Clock::time_point start) const {
    return std::chrono::duration<double>(first_ - start).count();
  }
  double rest_seconds() const { return std::chrono::duration<double>(last_ - first_).count(); }

 private:
  bool Write(const std::string& piece) {
    text_ += piece;
    if (streams_ && status_.ok() && !piece.empty()) status_ = WriteStdout(piece);
    return status_.ok();
  }

  StreamDecoder decoder_;
  StopStrings stops_;
  int64_t min_tokens_;
  bool streams_;
  std::string text_;
  absl::Status status_;
  int64_t num_tokens_ = 0;
  Clock::time_point first_;
  Clock::time_point last_;
};

absl::string_view ReasonText(FinishReason reason) {
  switch (reason) {
    case FinishReason::kStopId:
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
nlohmann::ordered_json LogprobsJson(const Result& result, const Tokenizer& tokenizer) {
  auto entry = [&tokenizer](int32_t id, float logprob) {
    return nlohmann::ordered_json{
        {"id", id}, {"text", tokenizer.Decode({id}, {})}, {"logprob", logprob}};
  };
  nlohmann::ordered_json list = nlohmann::ordered_json::array();
  for (size_t i = 0; i < result.logprobs.size(); ++i) {
    nlohmann::ordered_json token = entry(result.tokens[i], result.logprobs[i].chosen);
    nlohmann::ordered_json& top = token["top"] = nlohmann::ordered_json::array();
    for (const sampling::Logprob& each : result.logprobs[i].likeliest)
      top.push_back(entry(each.id, each.value));
    list.push_back(std::move(token));
  }
  return list;
}

std::string JsonText(const TextSink& sink, const Result& result, size_t num_prompt,
                     const SamplingParams& sampling, const Tokenizer& tokenizer) {
  const absl::string_view finish = sink.has_stopped() ? "stop" : ReasonText(result.reason);
  nlohmann::ordered_json json = {{"text", sink.text()},
                                 {"ids", result.tokens},
                                 {"prompt_tokens", num_prompt},
                                 {"new_tokens", result.tokens.size()},
                                 {"finish", std::string(finish)}};
  if (sampling.temperature > 0) json["seed"] = sampling.seed;
  if (sampling.num_logprobs.has_value()) json["logprobs"] = LogprobsJson(result, tokenizer);
  return absl::StrCat(json.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace),
                      "\n");
}

std::string SpeedText(const TextSink& sink, Clock::time_point start, size_t num_prompt) {
  if (sink.num_tokens() == 0) return "speed: no token was made\n";
  double first = sink.first_seconds(start);
  std::string out =
      absl::StrFormat("speed: first token after %.1f ms (%d prompt tokens, %.1f tokens/s)",
                      first * 1e3, num_prompt, static_cast<double>(num_prompt) / first);
  if (sink.num_tokens() > 1) {
    absl::StrAppend(
        &out, absl::StrFormat(", then %d tokens at %.1f tokens/s", sink.num_tokens() - 1,
                              static_cast<double>(sink.num_tokens() - 1) / sink.rest_seconds()));
  }
  return out + "\n";
}

// What the answer may take: the flag as given, else the model's own limit as far as the context has
// room, else none.
std::optional<int64_t> MaxNewTokens(const RunOptions& options, const artifact::Manifest& manifest,
                                    int64_t room) {
  if (options.max_new_tokens.has_value()) return options.max_new_tokens;
  int64_t own = manifest.generation().max_new_tokens();
  if (own > 0 && own < room) return own;
  return std::nullopt;
}

// Runs the one request; Ctrl-C ends it with what it has.
absl::StatusOr<Result> RunToEnd(Generator& generator, Request request) {
  InterruptGuard interrupt;
  LATHE_ASSIGN_OR_RETURN(int64_t id, generator.Submit(std::move(request)));
  while (true) {
    if (interrupt.interrupted()) generator.Cancel(id);
    LATHE_ASSIGN_OR_RETURN(bool has_more, generator.Step());
    if (!has_more) break;
  }
  return *generator.Take(id);
}

}  // namespace

absl::Status RunText(const RunOptions& options, Session& session) {
  LATHE_ASSIGN_OR_RETURN(Tokenizer tokenizer, session.LoadTokenizer());
  LATHE_ASSIGN_OR_RETURN(std::vector<int32_t> prompt,
                         EncodePrompt(options, session.artifact(), tokenizer));
  session.ledger().Mark("prompt", absl::StrCat(prompt.size(), " tokens"));

  const artifact::Manifest& manifest = session.artifact().manifest();
  int64_t num_prompt = static_cast<int64_t>(prompt.size());
  int64_t context =
      std::min(options.context.value_or(manifest.max_context()), manifest.max_context());
  int64_t room = std::max<int64_t>(context - num_prompt, 0);
  LATHE_ASSIGN_OR_RETURN(const SamplingParams sampling,
                         MakeSampling(options.sampling, manifest.generation()));
  Request request{.prompt = std::move(prompt),
                  .max_new_tokens = MaxNewTokens(options, manifest, room),
                  .stop_ids = StopIds(options.sampling, manifest.generation()),
                  .sampling = sampling};
  int64_t length = num_prompt + request.max_new_tokens.value_or(std::max<int64_t>(room, 1));
  LATHE_ASSIGN_OR_RETURN(Generator generator, session.MakeGenerator(options.context, {length}));
  if (options.verbosity >= 1) {
    WriteStderr(absl::StrCat(session.ledger().Text(), "choice: ", SamplingText(sampling), "\n"));
  }

  TextSink sink(tokenizer, options);
  request.on_token = [&sink](int32_t token) { return sink.Push(token); };
  Clock::time_point start = Clock::now();
  LATHE_ASSIGN_OR_RETURN(Result result, RunToEnd(generator, std::move(request)));
  LATHE_RETURN_IF_ERROR(sink.Finish());
  LATHE_RETURN_IF_ERROR(result.status);
  if (options.json)
    LATHE_RETURN_IF_ERROR(
        WriteStdout(JsonText(sink, result, static_cast<size_t>(num_prompt), sampling, tokenizer)));
  if (result.reason == FinishReason::kContext) {
    WriteStderr(absl::StrCat("lathe-run: the answer ends because the context of ",
                             generator.context(), " tokens is full\n"));
  } else if (result.reason == FinishReason::kCancelled && !sink.has_stopped()) {
    WriteStderr("lathe-run: interrupted\n");
  }
  if (options.verbosity >= 1) {
    WriteStderr(absl::StrCat(SpeedText(sink, start, static_cast<size_t>(num_prompt)),
                             session.MemoryText(generator)));
  }
  return absl::OkStatus();
}

}  // namespace lathe
