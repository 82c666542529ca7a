#include "tools/lathe_run/chat_mode.h"

#include <unistd.h>

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "runtime/base/atomic_file.h"
#include "runtime/base/free_memory.h"
#include "runtime/base/status_macros.h"
#include "tools/common/standard_output.h"
#include "tools/lathe_run/answer_batch.h"
#include "tools/lathe_run/answer_maker.h"
#include "tools/lathe_run/conversation.h"
#include "tools/lathe_run/interrupt.h"
#include "tools/lathe_run/line_reader.h"
#include "tools/lathe_run/prompt_progress.h"
#include "tools/lathe_run/result_json.h"
#include "tools/lathe_run/session_store.h"

namespace lathe {
namespace {

constexpr char kHelp[] =
    "A line is a message; one that ends in a backslash goes on in the next.\n"
    "  /reset      forget the conversation, but for the system message\n"
    "  /save FILE  write the conversation as JSON\n"
    "  /help       show this\n"
    "  /exit       leave; so does the end of the input, or Ctrl-C twice\n"
    "Ctrl-C ends an answer. A message that begins with '/' is written with '//'.\n";

// Questions and answers over one generator.
class Chat {
 public:
  Chat(const RunOptions& options, const AnswerMaker& maker, const Tokenizer& tokenizer,
       Generator& generator, InterruptGuard& interrupt)
      : options_(options),
        maker_(maker),
        tokenizer_(tokenizer),
        generator_(generator),
        batch_(generator, tokenizer),
        interrupt_(interrupt),
        conversation_(options.system) {}

  // Goes on with a conversation instead of a new one.
  void Continue(Conversation conversation) { conversation_ = std::move(conversation); }
  const Conversation& conversation() const { return conversation_; }
  // Of the last answer and its prompt.
  absl::Span<const int32_t> tokens() const { return tokens_; }

  // False after /exit.
  absl::StatusOr<bool> Take(absl::string_view message);

 private:
  absl::Status Ask(absl::string_view question);
  absl::StatusOr<Answer> RunTurn();
  void Save(absl::string_view path) const;

  const RunOptions& options_;
  const AnswerMaker& maker_;
  const Tokenizer& tokenizer_;
  const Generator& generator_;
  AnswerBatch batch_;
  InterruptGuard& interrupt_;
  Conversation conversation_;
  std::vector<int32_t> tokens_;
};

absl::StatusOr<bool> Chat::Take(absl::string_view message) {
  if (absl::StripAsciiWhitespace(message).empty()) return true;
  if (!absl::ConsumePrefix(&message, "/") || absl::StartsWith(message, "/")) {
    LATHE_RETURN_IF_ERROR(Ask(message));
    return true;
  }
  const size_t name_end = std::min(message.find_first_of(" \n"), message.size());
  const absl::string_view name = message.substr(0, name_end);
  const absl::string_view rest = absl::StripAsciiWhitespace(message.substr(name_end));
  if (name == "save") {
    Save(rest);
  } else if (name == "help" && rest.empty()) {
    WriteStderr(kHelp);
  } else if (name == "reset" && rest.empty()) {
    conversation_.Reset();
    WriteStderr("the conversation starts anew\n");
  } else if (name == "exit" && rest.empty()) {
    return false;
  } else {
    WriteStderr(absl::StrCat("lathe-run: no command /", message, "; /help lists them\n"));
  }
  return true;
}

// A question that cannot be answered is told and taken back; only what ends the chat is an error.
absl::Status Chat::Ask(absl::string_view question) {
  conversation_.Ask(question);
  absl::StatusOr<Answer> answer = RunTurn();
  if (absl::IsInvalidArgument(answer.status())) {
    conversation_.TakeBack();
    WriteStderr(absl::StrCat("lathe-run: ", answer.status().message(), "; or /reset\n"));
    return absl::OkStatus();
  }
  LATHE_RETURN_IF_ERROR(answer.status());
  if (options_.PrintsJson())
    LATHE_RETURN_IF_ERROR(WriteStdout(ResultJson({}, *answer, tokenizer_)));
  conversation_.Answer(answer->reply);
  WriteStderr(absl::StrCat(NoteText(*answer), EndText(*answer, generator_.context()),
                           SpeedText(*answer, PeakResidentBytes().value_or(0))));
  return absl::OkStatus();
}

absl::StatusOr<Answer> Chat::RunTurn() {
  LATHE_ASSIGN_OR_RETURN(std::vector<AnswerSpec> specs,
                         maker_.Make({.messages = conversation_.messages()}));
  Request& request = specs[0].request;
  // What one answer may take is no promise to make room for it at the end of a long chat.
  const int64_t room = generator_.context() - static_cast<int64_t>(request.prompt.size());
  if (request.max_new_tokens.has_value() && *request.max_new_tokens > room) {
    request.max_new_tokens.reset();
  }
  std::vector<int32_t> tokens = request.prompt;
  PromptProgress progress;
  AnswerReader reader{.on_prompt = progress.Reader()};
  if (!options_.PrintsJson()) reader.writer = WriteStdout;
  absl::StatusOr<Answer> answer =
      RunAnswer(batch_, std::move(specs[0]), std::move(reader), interrupt_);
  interrupt_.Forget();
  if (answer.ok()) tokens_ = Joined(std::move(tokens), answer->result.tokens);
  return answer;
}

void Chat::Save(absl::string_view path) const {
  if (path.empty()) {
    WriteStderr("lathe-run: /save needs the name of a file\n");
    return;
  }
  const absl::Status status = WriteFileAtomically(std::string(path), conversation_.SaveText());
  WriteStderr(status.ok() ? absl::StrCat("saved to ", path, "\n")
                          : absl::StrCat("lathe-run: ", status.message(), "\n"));
}

absl::Status RunLoop(Chat& chat, InterruptGuard& interrupt) {
  LineReader reader(STDIN_FILENO, interrupt);
  const bool is_terminal = ::isatty(STDIN_FILENO) == 1;
  bool is_leaving = false;
  while (true) {
    LATHE_ASSIGN_OR_RETURN(LineReader::Input input, reader.Read([is_terminal](bool is_continued) {
      if (is_terminal) WriteStderr(is_continued ? ". " : "> ");
    }));
    if (input.kind == LineReader::Input::Kind::kEnd) break;
    if (input.kind == LineReader::Input::Kind::kInterrupt) {
      interrupt.Forget();
      if (is_leaving) break;
      WriteStderr("\nCtrl-C again, or /exit, leaves\n");
      is_leaving = true;
      continue;
    }
    is_leaving = false;
    LATHE_ASSIGN_OR_RETURN(const bool goes_on, chat.Take(input.message));
    if (!goes_on) return absl::OkStatus();
  }
  if (is_terminal) WriteStderr("\n");
  return absl::OkStatus();
}

// The conversation of a session, which has a system message or has none.
absl::StatusOr<Conversation> ConversationOf(const RunOptions& options, const SessionInput& input) {
  if (options.system.has_value()) {
    return absl::InvalidArgumentError(
        absl::StrCat(*options.load_session,
                     " holds a conversation, which begins as it did; drop one of --system and "
                     "--load-session"));
  }
  LATHE_ASSIGN_OR_RETURN(Conversation conversation, Conversation::Read(input.text()),
                         *options.load_session);
  return conversation;
}

}  // namespace

absl::Status RunChat(const RunOptions& options, Session& session) {
  const artifact::Manifest& manifest = session.artifact().manifest();
  LATHE_ASSIGN_OR_RETURN(RequestFields defaults, FieldsOf(options));
  LATHE_ASSIGN_OR_RETURN(Tokenizer tokenizer, session.LoadTokenizer());
  LATHE_ASSIGN_OR_RETURN(PromptEncoder encoder, session.LoadEncoder());
  LATHE_RETURN_IF_ERROR(encoder.CheckTemplate());
  LATHE_ASSIGN_OR_RETURN(const SamplingParams sampling,
                         MakeSampling(defaults.sampling, manifest.generation()));
  // One seed for the whole chat.
  if (sampling.temperature > 0) defaults.sampling.seed = static_cast<int64_t>(sampling.seed);
  const int64_t context = session.Context();
  std::optional<SessionInput> input;
  if (options.load_session.has_value()) {
    LATHE_ASSIGN_OR_RETURN(input,
                           SessionInput::Open(*options.load_session, session.artifact(), context));
  }
  LATHE_ASSIGN_OR_RETURN(Generator generator, session.MakeGenerator(options.context, {context}));
  if (input.has_value()) {
    LATHE_RETURN_IF_ERROR(input->Import(generator));
    session.ledger().Mark("session", std::nullopt, absl::StrCat(input->num_tokens(), " tokens"));
  }
  if (options.verbosity >= 1)
    WriteStderr(absl::StrCat(session.ledger().Text(), "choice: ", SamplingText(sampling), "\n"));
  if (::isatty(STDIN_FILENO) == 1) {
    WriteStderr(absl::StrCat(manifest.model_name(), ", ", context,
                             " tokens of context; /help lists the commands\n"));
  }

  InterruptGuard interrupt(InterruptGuard::Second::kIsRemembered);
  const AnswerMaker maker(std::move(defaults), manifest, tokenizer, encoder, context);
  Chat chat(options, maker, tokenizer, generator, interrupt);
  if (input.has_value() && !input->text().empty()) {
    LATHE_ASSIGN_OR_RETURN(Conversation before, ConversationOf(options, *input));
    chat.Continue(std::move(before));
  }
  LATHE_RETURN_IF_ERROR(RunLoop(chat, interrupt));
  if (options.verbosity >= 1) WriteStderr(session.MemoryText(generator));
  if (!options.save_session.has_value()) return absl::OkStatus();
  return SaveSession(*options.save_session, session.artifact(), generator, chat.tokens(),
                     chat.conversation().SaveText());
}

}  // namespace lathe
