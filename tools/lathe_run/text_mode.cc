#include "tools/lathe_run/text_mode.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "runtime/base/status_macros.h"
#include "tools/common/standard_output.h"
#include "tools/lathe_run/answer.h"
#include "tools/lathe_run/interrupt.h"
#include "tools/lathe_run/prompt.h"

namespace lathe {
namespace {

// What one request may take of the caches.
int64_t Length(const Request& request, int64_t context) {
  const auto num_prompt = static_cast<int64_t>(request.prompt.size());
  const int64_t room = std::max<int64_t>(context - num_prompt, 1);
  return num_prompt + request.max_new_tokens.value_or(room);
}

}  // namespace

absl::Status RunText(const RunOptions& options, Session& session) {
  const artifact::Manifest& manifest = session.artifact().manifest();
  LATHE_ASSIGN_OR_RETURN(Tokenizer tokenizer, session.LoadTokenizer());
  LATHE_ASSIGN_OR_RETURN(PromptEncoder encoder, PromptEncoder::Create(options, session.artifact()));
  LATHE_ASSIGN_OR_RETURN(Prompt prompt, EncodePrompt(options, encoder, tokenizer));
  session.ledger().Mark("prompt", absl::StrCat(prompt.ids.size(), " tokens"));

  LATHE_ASSIGN_OR_RETURN(const SamplingParams sampling,
                         MakeSampling(options.sampling, manifest.generation()));
  Request request = MakeRequest(options, manifest, sampling, std::move(prompt.ids));
  const int64_t context =
      std::min(options.context.value_or(manifest.max_context()), manifest.max_context());
  LATHE_ASSIGN_OR_RETURN(Generator generator,
                         session.MakeGenerator(options.context, {Length(request, context)}));
  if (options.verbosity >= 1) {
    WriteStderr(absl::StrCat(session.ledger().Text(), "choice: ", SamplingText(sampling), "\n"));
  }

  const Asker asker{options, tokenizer, encoder.reply_format(), sampling, generator};
  InterruptGuard interrupt;
  LATHE_ASSIGN_OR_RETURN(Answer answer,
                         RunAnswer(asker, std::move(request), prompt.opens_reasoning, interrupt));
  WriteStderr(EndText(answer, generator));
  if (options.verbosity >= 1) {
    WriteStderr(absl::StrCat(SpeedText(answer), session.MemoryText(generator)));
  }
  return absl::OkStatus();
}

}  // namespace lathe
