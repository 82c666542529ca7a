#include "runtime/c_api/session.h"

#include <algorithm>
#include <limits>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "runtime/base/status_macros.h"
#include "runtime/base/strings.h"
#include "runtime/c_api/border.h"
#include "runtime/generate/program_runner.h"
#include "runtime/program/program.h"

namespace lathe::c_api {
namespace {

// The most tokens whose keys and values fit into `bytes`, when every sequence leaves a page of each
// group half empty.
absl::StatusOr<int64_t> TokensIn(uint64_t bytes, int64_t max_sequences,
                                 const artifact::Manifest& manifest) {
  uint64_t partly_filled = 0;
  double token_bytes = 0;
  for (const artifact::KvCacheGroup& group : manifest.kv_groups()) {
    partly_filled += group.page_bytes() * static_cast<uint64_t>(max_sequences);
    token_bytes += static_cast<double>(group.page_bytes()) / group.page_tokens();
  }
  if (manifest.kv_groups().empty()) return std::numeric_limits<int32_t>::max();
  if (bytes <= partly_filled) {
    return absl::ResourceExhaustedError(absl::StrCat(
        "cache_bytes is ", HumanBytes(bytes), ", but one page for each of ", max_sequences,
        " sequences takes ", HumanBytes(partly_filled), "; raise it or lower max_sequences"));
  }
  const double tokens = static_cast<double>(bytes - partly_filled) / token_bytes;
  return static_cast<int64_t>(std::max(1.0, std::min(tokens, 1e12)));
}

absl::Status CheckOptions(const lathe_session_options& options) {
  struct Field {
    absl::string_view name;
    int64_t value;
  };
  for (const Field& field :
       {Field{"threads", options.threads}, Field{"context", options.context},
        Field{"max_sequences", options.max_sequences}, Field{"step_rows", options.step_rows}}) {
    if (field.value >= 0 && field.value <= std::numeric_limits<int32_t>::max()) continue;
    return absl::InvalidArgumentError(absl::StrCat(
        field.name, " is ", field.value, ", expected 0 to ", std::numeric_limits<int32_t>::max()));
  }
  return absl::OkStatus();
}

absl::StatusOr<GeneratorOptions> ReadOptions(const lathe_session_options& options,
                                             const artifact::Manifest& manifest) {
  GeneratorOptions read;
  if (options.context != 0) read.context = options.context;
  if (options.max_sequences != 0) read.max_sequences = options.max_sequences;
  if (options.step_rows != 0) read.step_rows = options.step_rows;
  if (options.cache_bytes != 0) {
    LATHE_ASSIGN_OR_RETURN(read.pool_tokens,
                           TokensIn(options.cache_bytes, read.max_sequences, manifest));
  }
  return read;
}

absl::Status UnknownRequest(int64_t request) {
  return absl::NotFoundError(
      absl::StrCat("request ", request, " is not known to this session, or was forgotten"));
}

}  // namespace

Session::Session(std::shared_ptr<const Model> model, std::unique_ptr<CpuDevice> device,
                 Generator generator)
    : model_(std::move(model)), device_(std::move(device)), generator_(std::move(generator)) {}

absl::StatusOr<std::unique_ptr<Session>> Session::Create(std::shared_ptr<const Model> model,
                                                         const lathe_session_options& options) {
  const Artifact& artifact = model->artifact();
  LATHE_RETURN_IF_ERROR(CheckOptions(options));
  LATHE_ASSIGN_OR_RETURN(const GeneratorOptions generator_options,
                         ReadOptions(options, artifact.manifest()));
  const std::string level = options.cpu_level == nullptr ? "" : options.cpu_level;
  LATHE_ASSIGN_OR_RETURN(
      std::unique_ptr<CpuDevice> device,
      CpuDevice::Create({.threads = static_cast<int>(options.threads), .cpu_level = level}));
  LATHE_ASSIGN_OR_RETURN(std::unique_ptr<Program> program,
                         Program::Load(artifact, "step", *device));
  LATHE_ASSIGN_OR_RETURN(std::unique_ptr<ProgramRunner> runner,
                         ProgramRunner::Create(artifact.manifest(), std::move(program)),
                         artifact.path());
  LATHE_ASSIGN_OR_RETURN(
      Generator generator,
      Generator::Create(artifact.manifest(), std::move(runner), generator_options));
  return std::unique_ptr<Session>(
      new Session(std::move(model), std::move(device), std::move(generator)));
}

absl::StatusOr<int64_t> Session::Submit(const lathe_request* given) {
  std::lock_guard<std::mutex> lock(mutex_);
  LATHE_ASSIGN_OR_RETURN(AskedRequest asked,
                         ReadRequest(given, model_->artifact().manifest(), generator_.context()));
  const absl::StatusOr<const Tokenizer*> tokenizer = model_->tokenizer();
  if (!asked.stop_texts.empty()) LATHE_RETURN_IF_ERROR(tokenizer.status(), "stop_texts");
  Answer answer(tokenizer.value_or(nullptr), asked);
  const int64_t request = next_request_;
  asked.request.on_token = [this, request](int32_t token) { return Take(request, token); };
  if (!asked.hidden_layers.empty()) {
    asked.request.on_step = [this, request](const StepView& view) {
      const auto found = answers_.find(request);
      if (found != answers_.end()) found->second.OnStep(view);
    };
  }
  LATHE_ASSIGN_OR_RETURN(const int64_t id, generator_.Submit(std::move(asked.request)));
  ++next_request_;
  running_[request] = id;
  answers_.emplace(request, std::move(answer));
  std::lock_guard<std::mutex> cancel_lock(cancel_mutex_);
  known_.insert(request);
  return request;
}

// During a step, so under its lock.
AfterToken Session::Take(int64_t request, int32_t token) {
  Event event{.request = request, .kind = LATHE_EVENT_TOKEN, .token = token};
  const AfterToken after = answers_.find(request)->second.Push(token, &event.text);
  events_.push_back(std::move(event));
  return after;
}

absl::StatusOr<bool> Session::Step() {
  std::lock_guard<std::mutex> lock(mutex_);
  CancelAsked();
  const absl::StatusOr<bool> has_more = generator_.Step();
  TakeResults();
  return has_more;
}

void Session::CancelAsked() {
  std::lock_guard<std::mutex> lock(cancel_mutex_);
  for (int64_t request : cancel_) {
    const auto found = running_.find(request);
    if (found != running_.end()) generator_.Cancel(found->second);
  }
  cancel_.clear();
}

void Session::TakeResults() {
  std::erase_if(running_, [this](const auto& entry) {
    const auto& [request, id] = entry;
    std::optional<Result> result = generator_.Take(id);
    if (!result.has_value()) return false;
    const auto answer = answers_.find(request);
    if (answer == answers_.end()) return true;  // forgotten
    Event event{.request = request, .kind = LATHE_EVENT_END};
    answer->second.Finish(*std::move(result), &event.text);
    event.finish = answer->second.finish();
    events_.push_back(std::move(event));
    return true;
  });
}

lathe_event Session::Poll() {
  std::lock_guard<std::mutex> lock(mutex_);
  shown_ = {};
  if (!events_.empty()) {
    shown_ = std::move(events_.front());
    events_.pop_front();
  }
  return {.request = shown_.request,
          .kind = shown_.kind,
          .finish = shown_.finish,
          .token = shown_.token,
          .text = shown_.text.c_str(),
          .text_bytes = shown_.text.size()};
}

absl::Status Session::Cancel(int64_t request) {
  std::lock_guard<std::mutex> lock(cancel_mutex_);
  if (known_.count(request) == 0) return UnknownRequest(request);
  cancel_.insert(request);
  return absl::OkStatus();
}

void Session::Forget(int64_t request) {
  std::lock_guard<std::mutex> lock(mutex_);
  {
    std::lock_guard<std::mutex> cancel_lock(cancel_mutex_);
    if (known_.erase(request) == 0) return;
    cancel_.erase(request);
  }
  const auto found = running_.find(request);
  if (found != running_.end()) generator_.Cancel(found->second);
  answers_.erase(request);
  std::erase_if(events_, [request](const Event& event) { return event.request == request; });
}

absl::Status Session::Read(int64_t request, absl::FunctionRef<absl::Status(const Answer&)> read) {
  std::lock_guard<std::mutex> lock(mutex_);
  const auto found = answers_.find(request);
  if (found == answers_.end()) return UnknownRequest(request);
  return read(found->second);
}

}  // namespace lathe::c_api
