#include "tools/lathe_run/session.h"

#include <algorithm>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "runtime/base/check.h"
#include "runtime/base/free_memory.h"
#include "runtime/base/status_macros.h"
#include "runtime/base/strings.h"
#include "tools/common/machine_limits.h"
#include "tools/common/standard_output.h"

namespace lathe {
namespace {

constexpr size_t kProfileLines = 20;
constexpr int64_t kTraceSteps = 64;  // as the help says

// Of the weights and of the code, as they lie in the file.
uint64_t ProgramBytes(const artifact::Manifest& manifest, absl::string_view level) {
  uint64_t bytes = 0;
  for (const artifact::Section& section : manifest.sections()) {
    const absl::string_view name = section.name();
    const bool is_code = absl::StartsWith(name, "code.") && absl::EndsWith(name, level);
    if (name == "weights" || is_code) bytes += section.size();
  }
  return bytes;
}

uint64_t CacheBytes(const Generator& generator) {
  uint64_t bytes = 0;
  for (const KvCache& cache : generator.caches())
    bytes += static_cast<uint64_t>(cache.pool().num_pages() * cache.pool().page_bytes());
  return bytes;
}

}  // namespace

void Ledger::Mark(absl::string_view what, std::optional<uint64_t> bytes, absl::string_view detail) {
  auto now = std::chrono::steady_clock::now();
  lines_.push_back({std::string(what), bytes, std::string(detail),
                    std::chrono::duration<double, std::milli>(now - last_).count()});
  last_ = now;
}

std::string Ledger::Text() const {
  std::string out;
  double total = 0;
  for (const Line& line : lines_) {
    absl::StrAppend(
        &out, absl::StrFormat("%9.2f ms  %10s  %s%s\n", line.milliseconds,
                              line.bytes.has_value() ? HumanBytes(*line.bytes) : "", line.what,
                              line.detail.empty() ? "" : absl::StrCat(" (", line.detail, ")")));
    total += line.milliseconds;
  }
  absl::StrAppend(&out, absl::StrFormat("%9.2f ms  %10s  until ready\n", total, ""));
  return out;
}

Session::Session(const RunOptions& options, Artifact artifact, std::unique_ptr<CpuDevice> device,
                 std::optional<Roofline> limits)
    : options_(options),
      artifact_(std::move(artifact)),
      device_(std::move(device)),
      profile_(limits) {
  if (!options.trace_file.has_value()) return;
  trace_.emplace(TraceOptions{.path = *options.trace_file,
                              .max_steps = options.trace_steps.value_or(kTraceSteps)});
}

absl::StatusOr<std::unique_ptr<Session>> Session::Open(const RunOptions& options) {
  Ledger ledger;
  LATHE_ASSIGN_OR_RETURN(Artifact artifact, Artifact::Open(options.artifact));
  ledger.Mark("artifact mapped", artifact.file_bytes(), artifact.manifest().model_name());
  if (options.verify) {
    LATHE_RETURN_IF_ERROR(artifact.VerifyAll());
    ledger.Mark("checksums read", artifact.file_bytes());
  }
  CpuOptions cpu{.threads = static_cast<int>(options.threads.value_or(0)),
                 .cpu_level = options.cpu_level,
                 .pin_threads = options.pin};
  LATHE_ASSIGN_OR_RETURN(std::unique_ptr<CpuDevice> device, CpuDevice::Create(cpu));
  ledger.Mark("device", std::nullopt, device->Describe());
  std::optional<Roofline> limits;
  if (!options.limits.empty()) {
    LATHE_ASSIGN_OR_RETURN(limits, ReadMachineLimits(options.limits, device->num_threads()),
                           "--limits");
  }
  std::unique_ptr<Session> session(
      new Session(options, std::move(artifact), std::move(device), limits));
  session->ledger_ = std::move(ledger);
  return session;
}

int64_t Session::Context() const {
  const int64_t most = artifact_.manifest().max_context();
  return std::min(options_.context.value_or(most), most);
}

absl::StatusOr<Tokenizer> Session::LoadTokenizer() {
  LATHE_ASSIGN_OR_RETURN(
      absl::string_view tables, artifact_.Section("tokenizer"),
      "the artifact cannot read text; use --ids, or compile a folder that has a tokenizer.json");
  LATHE_ASSIGN_OR_RETURN(Tokenizer tokenizer, Tokenizer::FromTables(tables), artifact_.path(),
                         ": section tokenizer");
  ledger_.Mark("tokenizer", tables.size(), absl::StrCat(tokenizer.size(), " tokens"));
  return tokenizer;
}

absl::StatusOr<PromptEncoder> Session::LoadEncoder() {
  LATHE_ASSIGN_OR_RETURN(PromptEncoder encoder, PromptEncoder::Create(artifact_));
  if (!artifact_.HasSection("chat_template")) return encoder;
  LATHE_ASSIGN_OR_RETURN(absl::string_view source, artifact_.Section("chat_template"));
  ledger_.Mark("chat template", source.size());
  return encoder;
}

// What the options ask for, made smaller where --memory demands it.
absl::StatusOr<MemoryPlan> Session::Fit(const GeneratorOptions& options) const {
  MemoryOptions asked{.threads = device_->num_threads(),
                      .context = options.context,
                      .sequences = options.max_sequences,
                      .pool_tokens = options.pool_tokens,
                      .step_rows = options.step_rows};
  if (!options_.memory.has_value()) return PlanMemory(artifact_.manifest(), asked);
  asked.memory_bytes = static_cast<uint64_t>(*options_.memory);
  return FitMemory(artifact_.manifest(), asked);
}

absl::StatusOr<Generator> Session::MakeGenerator(std::optional<int64_t> context,
                                                 absl::Span<const int64_t> lengths,
                                                 int64_t longest_piece) {
  LATHE_CHECK(program_ == nullptr && !lengths.empty());
  LATHE_ASSIGN_OR_RETURN(std::unique_ptr<Program> program,
                         Program::Load(artifact_, "step", *device_));
  const int64_t most = context.value_or(artifact_.manifest().max_context());
  int64_t total = 0;
  // A request beyond the context is refused when it is submitted, so it needs no room here.
  for (int64_t length : lengths) total += std::min(length, most);
  GeneratorOptions options{.context = context,
                           .max_sequences = static_cast<int64_t>(lengths.size()),
                           .pool_tokens = std::max<int64_t>(total, 1)};
  options.step_rows = std::max(options.step_rows, longest_piece);
  LATHE_ASSIGN_OR_RETURN(const MemoryPlan plan, Fit(options));
  options.max_sequences = plan.size.sequences;
  options.pool_tokens = plan.size.pool_tokens;
  LATHE_RETURN_IF_ERROR(program->ReserveWorkspace(plan.workspace_bytes));
  std::string level = program->feature_level();
  LATHE_ASSIGN_OR_RETURN(std::unique_ptr<ProgramRunner> runner,
                         ProgramRunner::Create(artifact_.manifest(), std::move(program)),
                         artifact_.path());
  const Program* loaded = &runner->program();
  if (IsWatched()) {
    runner->SetObserver(
        [this](const StepInput& input, const StepRecord& record) { Observe(input, record); });
  }
  ledger_.Mark("weights and code mapped", ProgramBytes(artifact_.manifest(), level), level);

  LATHE_ASSIGN_OR_RETURN(Generator generator,
                         Generator::Create(artifact_.manifest(), std::move(runner), options));
  ledger_.Mark("caches reserved", CacheBytes(generator),
               absl::StrCat("room for ", *options.pool_tokens, " tokens"));
  program_ = loaded;
  return generator;
}

std::string Session::MemoryText(const Generator& generator) const {
  return absl::StrCat("memory: artifact ", HumanBytes(artifact_.file_bytes()), " (mapped), caches ",
                      HumanBytes(CacheBytes(generator)), " (reserved), workspace ",
                      HumanBytes(program_->workspace_bytes()), ", most resident at once ",
                      HumanBytes(PeakResidentBytes().value_or(0)), "\n");
}

bool Session::IsWatched() const {
  return options_.profile || options_.verbosity >= 2 || trace_.has_value();
}

// A step that computes one row of each sequence decodes; any other reads prompts.
void Session::Observe(const StepInput& input, const StepRecord& record) {
  const auto tokens = static_cast<int64_t>(input.tokens.size());
  const auto sequences = static_cast<int64_t>(input.row_offsets.size()) - 1;
  const absl::string_view part = tokens == sequences ? "decode" : "prefill";
  profile_.Add(part, record);
  if (!trace_) return;
  trace_->Add(part,
              {{"tokens", tokens},
               {"sequences", sequences},
               {"logit_rows", static_cast<int64_t>(input.logit_rows.size())}},
              record);
}

std::string Session::ProfileText() const {
  return absl::StrCat(options_.profile ? profile_.KindText() : "",
                      options_.verbosity >= 2 ? profile_.CommandText(kProfileLines) : "");
}

absl::Status Session::WriteTrace() const {
  if (!trace_ || program_ == nullptr) return absl::OkStatus();
  LATHE_RETURN_IF_ERROR(trace_->Write(), "--trace");
  WriteStderr(trace_->SummaryText());
  return absl::OkStatus();
}

}  // namespace lathe
