#include "tools/lathe_run/answer_maker.h"

#include <optional>
#include <utility>

#include "frontend/json/json_value.h"
#include "runtime/base/mapped_file.h"
#include "runtime/base/status_macros.h"

namespace lathe {
namespace {

template <typename T>
void TakeIfNone(const std::optional<T>& from, std::optional<T>& value) {
  if (!value.has_value()) value = from;
}

}  // namespace

absl::StatusOr<RequestFields> FieldsOf(const RunOptions& options) {
  RequestFields fields{.prompt = options.prompt,
                       .system = options.system,
                       .think = options.think,
                       .n = options.num_answers,
                       .max_new_tokens = options.max_new_tokens,
                       .reasoning = ReasoningCalled(options.reasoning),
                       .sampling = options.sampling};
  if (options.raw) fields.raw = true;
  if (options.tools_file.has_value()) {
    LATHE_ASSIGN_OR_RETURN(const std::string text, ReadFile(*options.tools_file, kMaxJsonBytes),
                           "--tools");
    LATHE_ASSIGN_OR_RETURN(const JsonValue json, ParseJson(text, *options.tools_file), "--tools");
    LATHE_ASSIGN_OR_RETURN(fields.tools, ReadTools(json, *options.tools_file), "--tools");
  }
  return fields;
}

AnswerMaker::AnswerMaker(RequestFields defaults, const artifact::Manifest& manifest,
                         const Tokenizer& tokenizer, const PromptEncoder& encoder, int64_t context)
    : defaults_(std::move(defaults)),
      manifest_(manifest),
      tokenizer_(tokenizer),
      encoder_(encoder),
      context_(context) {}

RequestFields AnswerMaker::WithDefaults(const RequestFields& asked) const {
  RequestFields fields = asked;
  TakeIfNone(defaults_.system, fields.system);
  TakeIfNone(defaults_.raw, fields.raw);
  TakeIfNone(defaults_.think, fields.think);
  TakeIfNone(defaults_.tools, fields.tools);
  TakeIfNone(defaults_.n, fields.n);
  TakeIfNone(defaults_.max_new_tokens, fields.max_new_tokens);
  TakeIfNone(defaults_.reasoning, fields.reasoning);
  fields.sampling = Over(defaults_.sampling, asked.sampling);
  return fields;
}

absl::StatusOr<std::vector<AnswerSpec>> AnswerMaker::Make(const RequestFields& asked) const {
  const RequestFields fields = WithDefaults(asked);
  LATHE_ASSIGN_OR_RETURN(Prompt prompt, encoder_.Encode(fields, tokenizer_));
  LATHE_ASSIGN_OR_RETURN(SamplingParams sampling,
                         MakeSampling(fields.sampling, manifest_.generation()));
  const int64_t room = context_ - static_cast<int64_t>(prompt.ids.size());
  std::optional<int64_t> max_new_tokens = fields.max_new_tokens;
  // The model's own limit, as far as there is room.
  const int64_t own = manifest_.generation().max_new_tokens();
  if (!max_new_tokens.has_value() && own > 0 && own < room) max_new_tokens = own;

  AnswerSpec spec{
      .request = {.prompt = std::move(prompt.ids),
                  .max_new_tokens = max_new_tokens,
                  .stop_ids = StopIds(fields.sampling, manifest_.generation()),
                  .sampling = std::move(sampling)},
      .stop = fields.sampling.stop,
      .reasoning = fields.reasoning.value_or(Reasoning::kShow),
      .reply = {.format = encoder_.reply_format(), .starts_in_reasoning = prompt.opens_reasoning}};
  if (fields.tools.has_value()) spec.reply.types = fields.tools->types;
  std::vector<AnswerSpec> specs(static_cast<size_t>(fields.n.value_or(1)), spec);
  for (size_t i = 0; i < specs.size(); ++i) specs[i].request.sampling.seed += i;
  return specs;
}

}  // namespace lathe
