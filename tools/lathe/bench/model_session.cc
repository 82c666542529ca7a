#include "tools/lathe/bench/model_session.h"

#include <algorithm>
#include <fstream>
#include <set>
#include <utility>

#include "runtime/artifact/proto_types.h"
#include "runtime/base/status_macros.h"
#include "tools/lathe/bench/random_numbers.h"

namespace lathe {
namespace {

// Ids that the tokenizer knows, or all of the vocabulary without one.
int64_t NumIds(const artifact::Manifest& manifest) {
  return manifest.tokenizer_size() > 0 ? static_cast<int64_t>(manifest.tokenizer_size())
                                       : static_cast<int64_t>(manifest.vocab_size());
}

}  // namespace

absl::StatusOr<std::unique_ptr<ModelSession>> ModelSession::Open(const std::string& path,
                                                                 const CpuOptions& cpu) {
  std::unique_ptr<ModelSession> session(new ModelSession);
  LATHE_ASSIGN_OR_RETURN(Artifact artifact, Artifact::Open(path));
  session->artifact_ = std::make_unique<Artifact>(std::move(artifact));
  LATHE_ASSIGN_OR_RETURN(session->device_, CpuDevice::Create(cpu));
  LATHE_RETURN_IF_ERROR(session->MakeGenerator({}));
  return session;
}

absl::Status ModelSession::MakeGenerator(const Load& load) {
  LATHE_ASSIGN_OR_RETURN(std::unique_ptr<Program> program,
                         Program::Load(*artifact_, "step", *device_));
  LATHE_ASSIGN_OR_RETURN(std::unique_ptr<ProgramRunner> runner,
                         ProgramRunner::Create(artifact_->manifest(), std::move(program)));
  runner_view_ = runner.get();
  runner->SetObserver([this](const StepInput& input, const StepRecord& record) {
    NoteCacheBytes();  // a step that ends a request gives its pages back
    last_.rows = static_cast<int64_t>(input.tokens.size());
    last_.work = {};
    for (const CommandRecord& command : record.commands) {
      last_.work.flops += command.work.flops;
      last_.work.bytes += command.work.bytes;
    }
  });
  const int64_t length = load.prompt + load.new_tokens;
  GeneratorOptions options;
  options.context = length;
  options.max_sequences = load.sequences;
  options.pool_tokens = length * load.sequences;
  options.reuse_prefixes = false;  // each row is computed, so that it is measured
  LATHE_ASSIGN_OR_RETURN(Generator generator,
                         Generator::Create(artifact_->manifest(), std::move(runner), options));
  generator_.emplace(std::move(generator));
  return absl::OkStatus();
}

absl::Status ModelSession::Start(const Load& load) {
  generator_.reset();
  cache_bytes_ = 0;
  LATHE_RETURN_IF_ERROR(MakeGenerator(load));
  RandomNumbers numbers(load.seed);
  const int64_t num_ids = NumIds(manifest());
  for (int64_t i = 0; i < load.sequences; ++i) {
    Request request;
    for (int64_t t = 0; t < load.prompt; ++t)
      request.prompt.push_back(static_cast<int32_t>(numbers.Below(num_ids)));
    request.max_new_tokens = load.new_tokens;
    LATHE_RETURN_IF_ERROR(generator_->Submit(std::move(request)).status());
  }
  return absl::OkStatus();
}

void ModelSession::NoteCacheBytes() {
  uint64_t held = 0;
  for (const KvCache& cache : generator_->caches()) {
    held += static_cast<uint64_t>((cache.pool().num_pages() - cache.pool().num_free()) *
                                  cache.pool().page_bytes());
  }
  cache_bytes_ = std::max(cache_bytes_, held);
}

absl::StatusOr<TimedStep> ModelSession::Step() {
  Stopwatch watch;
  LATHE_ASSIGN_OR_RETURN(bool has_worked, generator_->Step());
  last_.elapsed = watch.Read();
  if (!has_worked) return absl::InternalError("no request is left to run");
  return last_;
}

std::vector<ArithmeticUnit> ModelSession::units() const {
  std::set<ArithmeticUnit> units = {ArithmeticUnit::kFmaF32};
  for (const artifact::Kernel& kernel : program().description().kernels())
    units.insert(UnitOf(kernel, program().feature_level()));
  return {units.begin(), units.end()};
}

uint64_t ResidentAnonymousBytes() {
  std::ifstream status("/proc/self/status");
  std::string word;
  while (status >> word) {
    uint64_t kib = 0;
    if (word == "RssAnon:" && status >> kib) return kib * 1024;
  }
  return 0;
}

}  // namespace lathe
