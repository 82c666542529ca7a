// Puts a compiled program behind the generator's seam: a step's rows become the program's named
// inputs, symbols and cache bindings.
//   LATHE_ASSIGN_OR_RETURN(auto program, Program::Load(artifact, "step", *device));
//   LATHE_ASSIGN_OR_RETURN(auto runner, ProgramRunner::Create(artifact.manifest(),
//   std::move(program)));
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "absl/status/statusor.h"
#include "runtime/artifact/artifact.pb.h"
#include "runtime/generate/step_runner.h"
#include "runtime/program/profile.h"
#include "runtime/program/program.h"

namespace lathe {

class ProgramRunner : public StepRunner {
 public:
  // Errors: Unimplemented for an input that no step of text has, InvalidArgument for logits that
  // are not f32. `manifest` must outlive the runner.
  static absl::StatusOr<std::unique_ptr<ProgramRunner>> Create(const artifact::Manifest& manifest,
                                                               std::unique_ptr<Program> program);

  absl::Status Run(const StepInput& input, absl::Span<const KvCache> caches) override;
  absl::Span<const float> Output(absl::string_view name) const override;

  const Program& program() const { return *program_; }
  // Times of commands are added to `profile` from now on; null: they are not taken.
  void SetProfile(Profile* profile) { profile_ = profile; }

 private:
  ProgramRunner(const artifact::Manifest& manifest, std::unique_ptr<Program> program)
      : manifest_(manifest), program_(std::move(program)) {}
  void BindCostSymbols(const StepInput& input);

  const artifact::Manifest& manifest_;
  std::unique_ptr<Program> program_;
  Profile* profile_ = nullptr;
  StepBindings bindings_;  // storage kept from step to step
};

}  // namespace lathe
