#include "tools/lathe_run/text_mode.h"

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "runtime/base/free_memory.h"
#include "runtime/base/status_macros.h"
#include "tools/common/standard_output.h"
#include "tools/lathe_run/answer_batch.h"
#include "tools/lathe_run/answer_maker.h"
#include "tools/lathe_run/prompt_progress.h"
#include "tools/lathe_run/result_json.h"
#include "tools/lathe_run/session_store.h"

namespace lathe {
namespace {

// What one request may take of the caches.
int64_t Length(const Request& request, int64_t context) {
  const auto num_prompt = static_cast<int64_t>(request.prompt.size());
  const int64_t room = std::max<int64_t>(context - num_prompt, 1);
  return num_prompt + request.max_new_tokens.value_or(room);
}

// All of `specs`, side by side, in their order.
absl::StatusOr<std::vector<Answer>> RunAnswers(AnswerBatch& batch, std::vector<AnswerSpec> specs,
                                               std::vector<AnswerReader> readers,
                                               const InterruptGuard& interrupt) {
  LATHE_ASSIGN_OR_RETURN(const std::vector<int64_t> ids,
                         batch.SubmitAll(std::move(specs), std::move(readers)));
  std::vector<Answer> answers(ids.size());
  while (!batch.empty()) {
    if (interrupt.interrupted()) batch.CancelAll();
    for (AnswerBatch::Done& done : batch.Step()) {
      const auto place = std::find(ids.begin(), ids.end(), done.id) - ids.begin();
      LATHE_ASSIGN_OR_RETURN(answers[static_cast<size_t>(place)], std::move(done.answer));
    }
  }
  return answers;
}

// Who writes the text of each answer: one alone comes as it is made, several are kept in `texts`
// until they are whole, and none is written where the results are JSON.
std::vector<AnswerReader> MakeReaders(bool is_json, std::vector<std::string>& texts,
                                      PromptProgress& progress) {
  std::vector<AnswerReader> readers(texts.size());
  readers[0].on_prompt = progress.Reader();
  if (is_json) return readers;
  if (texts.size() == 1) {
    readers[0].writer = WriteStdout;
    return readers;
  }
  for (size_t i = 0; i < texts.size(); ++i) {
    readers[i].writer = [&text = texts[i]](absl::string_view piece) {
      absl::StrAppend(&text, piece);
      return absl::OkStatus();
    };
  }
  return readers;
}

std::string ResultLines(const std::vector<Answer>& answers, const Tokenizer& tokenizer) {
  std::string lines;
  for (size_t i = 0; i < answers.size(); ++i) {
    ResultLabel label;
    if (answers.size() > 1) label.index = static_cast<int64_t>(i);
    lines += ResultJson(label, answers[i], tokenizer);
  }
  return lines;
}

}  // namespace

absl::Status RunText(const RunOptions& options, Session& session) {
  const artifact::Manifest& manifest = session.artifact().manifest();
  LATHE_ASSIGN_OR_RETURN(const RequestFields fields, FieldsOf(options));
  LATHE_ASSIGN_OR_RETURN(Tokenizer tokenizer, session.LoadTokenizer());
  LATHE_ASSIGN_OR_RETURN(PromptEncoder encoder, session.LoadEncoder());
  const int64_t context = session.Context();
  const AnswerMaker maker({}, manifest, tokenizer, encoder, context);
  LATHE_ASSIGN_OR_RETURN(std::vector<AnswerSpec> specs, maker.Make(fields));
  const Request& first = specs[0].request;
  session.ledger().Mark("prompt", std::nullopt, absl::StrCat(first.prompt.size(), " tokens"));

  const std::vector<int32_t> tokens = first.prompt;
  std::optional<SessionInput> input;
  if (options.load_session.has_value()) {
    LATHE_ASSIGN_OR_RETURN(input,
                           SessionInput::Open(*options.load_session, session.artifact(), context));
  }

  std::vector<int64_t> lengths(specs.size(), Length(first, context));
  if (input.has_value()) lengths[0] = std::max(lengths[0], input->num_tokens());
  const std::string choice = SamplingText(first.sampling);
  LATHE_ASSIGN_OR_RETURN(Generator generator, session.MakeGenerator(options.context, lengths));
  if (input.has_value()) {
    LATHE_RETURN_IF_ERROR(input->Import(generator));
    session.ledger().Mark("session", std::nullopt, absl::StrCat(input->num_tokens(), " tokens"));
    WriteStderr(input->NoteText(tokens));
  }
  if (options.verbosity >= 1)
    WriteStderr(absl::StrCat(session.ledger().Text(), "choice: ", choice, "\n"));

  InterruptGuard interrupt;
  AnswerBatch batch(generator, tokenizer);
  std::vector<std::string> texts(specs.size());
  PromptProgress progress;
  LATHE_ASSIGN_OR_RETURN(const std::vector<Answer> answers,
                         RunAnswers(batch, std::move(specs),
                                    MakeReaders(options.PrintsJson(), texts, progress), interrupt));
  // An empty line stands between the texts of several answers.
  LATHE_RETURN_IF_ERROR(WriteStdout(options.PrintsJson() ? ResultLines(answers, tokenizer)
                                                         : absl::StrJoin(texts, "\n")));
  for (const Answer& answer : answers) {
    WriteStderr(absl::StrCat(NoteText(answer), EndText(answer, generator.context())));
    if (options.verbosity >= 1) WriteStderr(SpeedText(answer, PeakResidentBytes().value_or(0)));
  }
  if (options.verbosity >= 1) WriteStderr(session.MemoryText(generator));
  if (!options.save_session.has_value()) return absl::OkStatus();
  return SaveSession(*options.save_session, session.artifact(), generator,
                     Joined(tokens, answers[0].result.tokens), "");
}

}  // namespace lathe
