// What every way of running needs: the artifact open, a device, the program on it, and a ledger of
// how long each took.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "frontend/tokenizer/tokenizer.h"
#include "runtime/artifact/artifact_reader.h"
#include "runtime/device/cpu/cpu_device.h"
#include "runtime/generate/generator.h"
#include "runtime/generate/memory_plan.h"
#include "runtime/generate/program_runner.h"
#include "runtime/program/profile.h"
#include "tools/lathe_run/options.h"
#include "tools/lathe_run/prompt.h"
#include "tools/lathe_run/trace.h"

namespace lathe {

// Times of the steps to the first result, for -v.
class Ledger {
 public:
  // Ends the step `what`, which began when the one before ended. `bytes`: that it made ready.
  void Mark(absl::string_view what, std::optional<uint64_t> bytes, absl::string_view detail = "");
  std::string Text() const;

 private:
  struct Line {
    std::string what;
    std::optional<uint64_t> bytes;
    std::string detail;
    double milliseconds;
  };
  std::chrono::steady_clock::time_point last_ = std::chrono::steady_clock::now();
  std::vector<Line> lines_;
};

class Session {
 public:
  // Opens the artifact, checks it fully when the options say so, and makes the device.
  static absl::StatusOr<std::unique_ptr<Session>> Open(const RunOptions& options);

  const Artifact& artifact() const { return artifact_; }
  Ledger& ledger() { return ledger_; }
  // Tokens that a request may have: as the options say, at most what the model was made for.
  int64_t Context() const;

  // The artifact's tokenizer; it uses the mapped tables in place.
  absl::StatusOr<Tokenizer> LoadTokenizer();
  // The artifact's chat template, if it has one.
  absl::StatusOr<PromptEncoder> LoadEncoder();

  // Loads entry "step" and puts a generator before it, with room for requests of the given lengths
  // (prompt and new tokens) at once. Once a session.
  absl::StatusOr<Generator> MakeGenerator(std::optional<int64_t> context,
                                          absl::Span<const int64_t> lengths,
                                          int64_t longest_piece = 0);

  // What is in memory, for -v.
  std::string MemoryText(const Generator& generator) const;
  // The tables of --profile, and the slowest dispatches for -vv.
  std::string ProfileText() const;
  // The timeline of --trace, if there is one and a program was loaded.
  absl::Status WriteTrace() const;

 private:
  Session(const RunOptions& options, Artifact artifact, std::unique_ptr<CpuDevice> device,
          std::optional<Roofline> limits);
  absl::StatusOr<MemoryPlan> Fit(const GeneratorOptions& options) const;
  bool IsWatched() const;
  void Observe(const StepInput& input, const StepRecord& record);

  const RunOptions options_;
  Artifact artifact_;
  std::unique_ptr<CpuDevice> device_;
  Ledger ledger_;
  Profile profile_;
  std::optional<Trace> trace_;
  const Program* program_ = nullptr;  // of the generator
};

}  // namespace lathe
