// A model loaded for benchmarks: requests of random ids run step by step, each step timed with the
// work that it did.
//   LATHE_ASSIGN_OR_RETURN(auto session, ModelSession::Open("q.lathe", {.threads = 2}));
//   LATHE_RETURN_IF_ERROR(session->Start({.sequences = 8, .prompt = 64, .new_tokens = 32}));
//   LATHE_ASSIGN_OR_RETURN(TimedStep step, session->Step());
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "runtime/artifact/artifact_reader.h"
#include "runtime/base/roofline.h"
#include "runtime/device/cpu/cpu_device.h"
#include "runtime/generate/generator.h"
#include "runtime/generate/program_runner.h"
#include "tools/lathe/bench/stopwatch.h"

namespace lathe {

struct TimedStep {
  Elapsed elapsed;
  Work work;
  int64_t rows = 0;
};

struct Load {
  int64_t sequences = 1;
  int64_t prompt = 1;
  int64_t new_tokens = 1;
  uint64_t seed = 1;
};

class ModelSession {
 public:
  // Opens the artifact and loads its entry "step".
  static absl::StatusOr<std::unique_ptr<ModelSession>> Open(const std::string& path,
                                                            const CpuOptions& cpu);

  // Forgets what ran before and queues `load.sequences` requests.
  absl::Status Start(const Load& load);
  // One step of the generator.
  absl::StatusOr<TimedStep> Step();

  const artifact::Manifest& manifest() const { return artifact_->manifest(); }
  const Program& program() const { return runner_view_->program(); }
  // The most bytes of cache pages in use at once since Start: what was written once stays resident.
  uint64_t cache_bytes() const { return cache_bytes_; }
  // That its kernels use in the code that runs, f32 fused multiply-adds first.
  std::vector<ArithmeticUnit> units() const;

 private:
  ModelSession() = default;
  absl::Status MakeGenerator(const Load& load);
  void NoteCacheBytes();

  std::unique_ptr<Artifact> artifact_;
  std::unique_ptr<CpuDevice> device_;
  std::optional<Generator> generator_;
  ProgramRunner* runner_view_ = nullptr;  // of the generator
  TimedStep last_;
  uint64_t cache_bytes_ = 0;
};

// Anonymous memory of this process that is resident: what is not mapped from files.
uint64_t ResidentAnonymousBytes();

}  // namespace lathe
