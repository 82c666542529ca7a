// Puts a compiled program behind the generator's seam: a step's rows become the program's named
// inputs, symbols and cache bindings.
//   LATHE_ASSIGN_OR_RETURN(auto program, Program::Load(artifact, "step", *device));
//   LATHE_ASSIGN_OR_RETURN(auto runner, ProgramRunner::Create(artifact.manifest(),
//   std::move(program)));
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "runtime/artifact/artifact.pb.h"
#include "runtime/generate/step_runner.h"
#include "runtime/program/program.h"
#include "runtime/program/step_record.h"

namespace lathe {

// Called after each step with what it was given and what ran.
using StepObserver = std::function<void(const StepInput& input, const StepRecord& record)>;

class ProgramRunner : public StepRunner {
 public:
  // Errors: Unimplemented for an input that no step of text has, InvalidArgument for outputs of
  // another type than a step of text has, or without logits or ids. `manifest` must outlive the
  // runner.
  static absl::StatusOr<std::unique_ptr<ProgramRunner>> Create(const artifact::Manifest& manifest,
                                                               std::unique_ptr<Program> program);

  absl::Status Run(const StepInput& input, absl::Span<const KvCache> caches) override;
  absl::Span<const float> Output(absl::string_view name) const override;
  // Programs of format version 1 have no input for them.
  bool HeedsSettings() const override { return heeds_settings_; }
  absl::Span<const int32_t> NextIds() const override;

  const Program& program() const { return *program_; }
  // Steps from now on are timed and shown to `observer`; null: nobody looks at the clock.
  void SetObserver(StepObserver observer) { observer_ = std::move(observer); }

 private:
  ProgramRunner(const artifact::Manifest& manifest, std::unique_ptr<Program> program);
  void BindCostSymbols(const StepInput& input);
  // An output whose elements are T, as Create checked.
  template <typename T>
  absl::Span<const T> View(absl::string_view name) const;

  const artifact::Manifest& manifest_;
  std::unique_ptr<Program> program_;
  bool heeds_settings_;
  StepObserver observer_;
  StepBindings bindings_;  // storage kept from step to step
  StepRecord record_;      // the same
};

}  // namespace lathe
