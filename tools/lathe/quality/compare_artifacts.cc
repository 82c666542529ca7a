#include "tools/lathe/quality/compare_artifacts.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "runtime/base/status_macros.h"
#include "tools/lathe_run/session.h"

namespace lathe {
namespace {

// One of the two, ready to read windows.
class Reader {
 public:
  static absl::StatusOr<Reader> Open(const std::string& artifact, int threads) {
    RunOptions options;
    options.artifact = artifact;
    if (threads > 0) options.threads = threads;
    LATHE_ASSIGN_OR_RETURN(std::unique_ptr<Session> session, Session::Open(options));
    return Reader(std::move(session));
  }

  Session& session() { return *session_; }
  const artifact::Manifest& manifest() const { return session_->artifact().manifest(); }

  absl::Status Load(int64_t window) {
    LATHE_ASSIGN_OR_RETURN(Generator generator,
                           session_->MakeGenerator(std::nullopt, {window + 1}, window));
    generator_ = std::make_unique<Generator>(std::move(generator));
    return absl::OkStatus();
  }

  // Logits of every token, row by row.
  absl::StatusOr<std::vector<float>> Read(const std::vector<int32_t>& window) {
    Request request;
    request.prompt = window;
    request.max_new_tokens = 1;
    request.allow_padding_ids = true;
    request.keep_prompt_logits = true;
    LATHE_ASSIGN_OR_RETURN(int64_t id, generator_->Submit(std::move(request)));
    LATHE_RETURN_IF_ERROR(generator_->RunAll());
    Result result = *generator_->Take(id);
    LATHE_RETURN_IF_ERROR(result.status);
    return std::move(result.prompt_logits);
  }

 private:
  explicit Reader(std::unique_ptr<Session> session) : session_(std::move(session)) {}

  std::unique_ptr<Session> session_;
  std::unique_ptr<Generator> generator_;  // uses the session
};

absl::Status CheckPair(const artifact::Manifest& reference, const artifact::Manifest& variant) {
  if (reference.vocab_size() == variant.vocab_size()) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat("the vocabularies differ: ", reference.vocab_size(), " and ",
                   variant.vocab_size(), " tokens"));
}

void Compare(const std::vector<int32_t>& window, const std::vector<float>& reference,
             const std::vector<float>& variant, LogitComparison& comparison) {
  const size_t vocabulary = reference.size() / window.size();
  for (size_t i = 0; i + 1 < window.size(); ++i) {
    comparison.Add(absl::MakeConstSpan(reference).subspan(i * vocabulary, vocabulary),
                   absl::MakeConstSpan(variant).subspan(i * vocabulary, vocabulary), window[i + 1]);
  }
}

}  // namespace

std::vector<std::vector<int32_t>> SplitIntoWindows(const std::vector<int32_t>& ids, int64_t tokens,
                                                   int64_t window) {
  const int64_t end = std::min(tokens, static_cast<int64_t>(ids.size()));
  std::vector<std::vector<int32_t>> windows;
  for (int64_t begin = 0; begin + 1 < end; begin += window)
    windows.emplace_back(ids.begin() + begin, ids.begin() + std::min(begin + window, end));
  if (!windows.empty() && windows.back().size() < 2) windows.pop_back();
  return windows;
}

absl::StatusOr<ArtifactComparison> CompareArtifacts(const std::string& reference,
                                                    const std::string& variant,
                                                    absl::string_view text,
                                                    const ComparisonOptions& options) {
  LATHE_ASSIGN_OR_RETURN(Reader first, Reader::Open(reference, options.threads));
  LATHE_ASSIGN_OR_RETURN(Reader second, Reader::Open(variant, options.threads));
  LATHE_RETURN_IF_ERROR(CheckPair(first.manifest(), second.manifest()));
  LATHE_ASSIGN_OR_RETURN(Tokenizer tokenizer, first.session().LoadTokenizer());
  // One token of the context is for the answer that every request has.
  const int64_t window = std::min(options.window, first.manifest().max_context() - 1);
  const std::vector<std::vector<int32_t>> windows =
      SplitIntoWindows(tokenizer.Encode(text), options.tokens, window);
  if (windows.empty()) {
    return absl::InvalidArgumentError(
        "the text has fewer than two tokens, so that there is nothing to predict");
  }
  LATHE_RETURN_IF_ERROR(first.Load(window));
  LATHE_RETURN_IF_ERROR(second.Load(window));
  LogitComparison comparison;
  for (size_t i = 0; i < windows.size(); ++i) {
    LATHE_ASSIGN_OR_RETURN(std::vector<float> expected, first.Read(windows[i]));
    LATHE_ASSIGN_OR_RETURN(std::vector<float> got, second.Read(windows[i]));
    Compare(windows[i], expected, got, comparison);
    if (options.on_window) options.on_window(i + 1, windows.size(), comparison.tokens());
  }
  return ArtifactComparison{.summary = comparison.Summarize(), .window = window};
}

}  // namespace lathe
