// One entry of an artifact, loaded on a device and ready to run step after step. Weights are used
// where the artifact has them; nothing is allocated during a step but the workspace, when a step is
// larger than all before it.
//   LATHE_ASSIGN_OR_RETURN(auto program, Program::Load(artifact, "step", *device));
//   StepBindings step;
//   step.symbols = {{"tokens", 3}};
//   step.inputs = {{"ids", ids.data(), 12}};
//   LATHE_RETURN_IF_ERROR(program->Run(step));
//   LATHE_ASSIGN_OR_RETURN(OutputView logits, program->Output("logits"));
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "runtime/artifact/artifact_reader.h"
#include "runtime/base/dtype.h"
#include "runtime/device/device.h"
#include "runtime/program/executor.h"
#include "runtime/program/expr.h"
#include "runtime/program/step_bindings.h"
#include "runtime/program/step_record.h"

namespace lathe {

// A result in the workspace.
struct OutputView {
  DType dtype = DType::kF32;
  std::vector<int64_t> shape;
  const char* data = nullptr;  // an address of the device
  uint64_t bytes = 0;
};

class Program {
 public:
  // `artifact` and `device` must outlive the program. NotFound when the artifact has no such entry
  // for the device's target, FailedPrecondition when none of its code runs on this device,
  // InvalidArgument or DataLoss for code that cannot be loaded.
  static absl::StatusOr<std::unique_ptr<Program>> Load(const Artifact& artifact,
                                                       absl::string_view entry, Device& device);

  const artifact::Program& description() const { return program_; }
  // The feature level of the code that was chosen.
  const std::string& feature_level() const { return feature_level_; }

  // Runs all commands and returns when they are done. Errors (InvalidArgument, ResourceExhausted)
  // come before anything ran: the state in the cache pools is then as it was. `record` takes what
  // ran and when; its storage is used again from step to step.
  absl::Status Run(const StepBindings& bindings, StepRecord* record = nullptr);

  // An output of the last Run that succeeded, valid until the next one. FailedPrecondition before
  // any.
  absl::StatusOr<OutputView> Output(absl::string_view name) const;
  bool HasOutput(absl::string_view name) const;

  // What the workspace would have to hold for such a step.
  absl::StatusOr<uint64_t> WorkspaceBytes(absl::Span<const SymbolBinding> symbols) const;
  // Makes the workspace hold that much, so that no step up to there allocates; the system gives
  // memory as it is touched. Outputs are gone when it had to grow.
  absl::Status ReserveWorkspace(uint64_t bytes);
  // What it holds now.
  uint64_t workspace_bytes() const { return workspace_ == nullptr ? 0 : workspace_->size(); }

 private:
  struct InputExprs {
    uint64_t element_bytes = 0;
    std::vector<uint32_t> shape;
  };
  struct OutputExprs {
    DType dtype = DType::kF32;
    std::vector<uint32_t> shape;
    uint32_t offset = 0;
    uint32_t size = 0;
  };
  struct CostExprs {
    uint32_t flops = 0;
    uint32_t bytes_read = 0;
    uint32_t bytes_written = 0;
  };

  Program(const Artifact& artifact, const artifact::Program& program, Device& device)
      : artifact_(artifact), program_(program), device_(device) {}
  absl::Status LoadCode();
  absl::Status Prepare();
  void MarkUsedSymbols();

  absl::Status BindSymbols(absl::Span<const SymbolBinding> bindings,
                           std::vector<int64_t>& symbols) const;
  absl::Status BindInputs(absl::Span<const InputBinding> bindings);
  absl::Status CheckKvBindings(absl::Span<const KvBinding> bindings) const;
  absl::Status CheckOutputs(int64_t workspace_bytes) const;
  absl::Status DescribeCommands(absl::Span<const Launch> launches,
                                std::vector<CommandRecord>& commands) const;

  const Artifact& artifact_;
  const artifact::Program& program_;
  Device& device_;
  std::string feature_level_;
  std::unique_ptr<DeviceCode> code_;
  std::unique_ptr<DeviceMemory> weights_;
  std::unique_ptr<DeviceMemory> workspace_;

  ExprTable exprs_;
  ExprTable cost_exprs_;  // needed by profiles only
  std::vector<CostExprs> costs_;
  uint32_t workspace_expr_ = 0;
  std::vector<InputExprs> inputs_;
  std::vector<OutputExprs> outputs_;
  std::vector<bool> is_symbol_used_;
  std::unique_ptr<Executor> executor_;

  // Of the current step.
  std::vector<int64_t> symbols_;
  std::vector<int64_t> values_;
  std::vector<const void*> input_addresses_;
  bool has_run_ = false;
};

}  // namespace lathe
