#include "tools/lathe_run/requests_mode.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <vector>

#include "absl/strings/str_cat.h"
#include "runtime/base/status_macros.h"
#include "tools/common/standard_output.h"
#include "tools/lathe_run/request_runner.h"

namespace lathe {
namespace {

// The file of --requests, stdin for "-".
class RequestFile {
 public:
  static absl::StatusOr<RequestFile> Open(const std::string& path) {
    if (path == "-") return RequestFile(STDIN_FILENO);
    const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (descriptor < 0) return absl::ErrnoToStatus(errno, absl::StrCat("cannot open ", path));
    return RequestFile(descriptor);
  }
  RequestFile(RequestFile&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}
  RequestFile& operator=(RequestFile&&) = delete;
  ~RequestFile() {
    if (descriptor_ > STDIN_FILENO) ::close(descriptor_);
  }
  int descriptor() const { return descriptor_; }

 private:
  explicit RequestFile(int descriptor) : descriptor_(descriptor) {}
  int descriptor_;
};

absl::Status Outcome(const RequestTotals& totals, bool is_interrupted) {
  if (is_interrupted) return absl::CancelledError("interrupted; the results so far are written");
  if (totals.num_failed == 0) return absl::OkStatus();
  return absl::FailedPreconditionError(
      absl::StrCat(totals.num_failed, " of ", totals.num_requests,
                   " requests failed; their results have an \"error\""));
}

}  // namespace

absl::Status RunRequests(const RunOptions& options, Session& session) {
  LATHE_ASSIGN_OR_RETURN(RequestFile file, RequestFile::Open(*options.requests_file), "--requests");
  LATHE_ASSIGN_OR_RETURN(ResultSink sink, ResultSink::Create(options.output_file, options.ordered));
  const artifact::Manifest& manifest = session.artifact().manifest();
  LATHE_ASSIGN_OR_RETURN(const RequestFields defaults, FieldsOf(options));
  LATHE_ASSIGN_OR_RETURN(Tokenizer tokenizer, session.LoadTokenizer());
  LATHE_ASSIGN_OR_RETURN(PromptEncoder encoder, session.LoadEncoder());
  const int64_t context = session.Context();
  const std::vector<int64_t> lengths(static_cast<size_t>(options.parallel.value_or(kParallel)),
                                     context);
  LATHE_ASSIGN_OR_RETURN(Generator generator, session.MakeGenerator(options.context, lengths));
  if (options.verbosity >= 1) WriteStderr(session.ledger().Text());

  InterruptGuard interrupt;
  const AnswerMaker maker(defaults, manifest, tokenizer, encoder, context);
  AnswerBatch batch(generator, tokenizer);
  InputLines lines(file.descriptor(), kMaxJsonBytes, interrupt);
  // As many wait as run, so that none of them waits for its text to be read and encoded.
  const size_t most = 2 * lengths.size();
  // Results that scroll by are progress enough.
  ProgressLine progress("lathe-run:",
                        sink.GoesToTerminal() ? ProgressLine::kNever : ProgressLine::kOnTerminals);
  RequestRunner runner(lines, maker, batch, tokenizer, interrupt, sink, progress,
                       {.most_at_once = most, .most_held = 8 * most});
  LATHE_RETURN_IF_ERROR(runner.Run());
  LATHE_RETURN_IF_ERROR(sink.Finish());
  WriteStderr(absl::StrCat("lathe-run: ", runner.totals().Text(), "\n"));
  if (options.verbosity >= 1) WriteStderr(session.MemoryText(generator));
  return Outcome(runner.totals(), interrupt.interrupted());
}

}  // namespace lathe
