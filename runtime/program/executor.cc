#include "runtime/program/executor.h"

#include <limits>

#include "absl/strings/str_cat.h"
#include "runtime/artifact/kernel_abi.h"
#include "runtime/base/check.h"
#include "runtime/base/status_macros.h"

namespace lathe {

Executor::Executor(const artifact::Program& program, absl::Span<const void* const> weights,
                   ExprTable& exprs)
    : program_(program) {
  for (const artifact::Command& command : program.commands()) {
    Command& prepared = commands_.emplace_back();
    prepared.first_operand = static_cast<uint32_t>(operands_.size());
    prepared.num_operands = static_cast<uint32_t>(command.operands_size());
    for (const artifact::Operand& operand : command.operands()) {
      operands_.push_back(Prepare(operand, weights, exprs));
    }
    prepared.first_dim = static_cast<uint32_t>(dim_exprs_.size());
    prepared.num_dims = static_cast<uint32_t>(command.dims_size());
    for (const artifact::Expr& dim : command.dims()) dim_exprs_.push_back(exprs.Intern(dim));
    prepared.items = exprs.Intern(command.items());
  }
  addresses_.resize(operands_.size());
  dims_.resize(dim_exprs_.size());
  launches_.resize(commands_.size());
  for (size_t i = 0; i < commands_.size(); ++i) {
    launches_[i].kernel = program.commands(static_cast<int>(i)).kernel();
    launches_[i].operands = addresses_.data() + commands_[i].first_operand;
    launches_[i].dims = dims_.data() + commands_[i].first_dim;
  }
}

Executor::Operand Executor::Prepare(const artifact::Operand& operand,
                                    absl::Span<const void* const> weights, ExprTable& exprs) const {
  Operand prepared;
  prepared.is_written = operand.written();
  switch (operand.kind_case()) {
    case artifact::Operand::kInput:
      prepared.kind = Kind::kInput;
      prepared.index = operand.input();
      break;
    case artifact::Operand::kWeight:
      prepared.fixed = weights[operand.weight()];
      break;
    case artifact::Operand::kBuffer:
      prepared.kind = Kind::kBuffer;
      prepared.offset = exprs.Intern(operand.buffer().offset());
      prepared.size = exprs.Intern(operand.buffer().size());
      break;
    case artifact::Operand::kState:
      prepared.kind =
          operand.state().part() == artifact::StateRef::POOL ? Kind::kPool : Kind::kPageTable;
      prepared.index = operand.state().group();
      prepared.byte_offset = operand.state().byte_offset();
      break;
    case artifact::Operand::KIND_NOT_SET:
      LATHE_CHECK(false) << "the manifest was not checked";
  }
  return prepared;
}

absl::Status Executor::ResolveOperand(const Operand& operand, const StepAddresses& step,
                                      void** address) {
  switch (operand.kind) {
    case Kind::kFixed:
      *address = const_cast<void*>(operand.fixed);
      return absl::OkStatus();
    case Kind::kInput:
      *address = const_cast<void*>(step.inputs[operand.index]);
      return absl::OkStatus();
    case Kind::kPageTable:
      *address = const_cast<int32_t*>(step.kv_groups[operand.index].page_table);
      return absl::OkStatus();
    case Kind::kPool:
      *address = step.kv_groups[operand.index].pool + operand.byte_offset;
      // Pages of one layer are spread over the whole pool.
      accesses_.push_back({.space = 1 + operand.index,
                           .begin = 0,
                           .end = std::numeric_limits<int64_t>::max(),
                           .is_written = operand.is_written});
      return absl::OkStatus();
    case Kind::kBuffer:
      break;
  }
  const int64_t offset = step.values[operand.offset];
  const int64_t size = step.values[operand.size];
  if (offset % kBufferAlignment != 0 || offset > step.workspace_bytes ||
      size > step.workspace_bytes - offset) {
    return absl::InvalidArgumentError(absl::StrCat("a buffer of ", size, " bytes at ", offset,
                                                   " in a workspace of ", step.workspace_bytes,
                                                   "; compile the model again"));
  }
  *address = step.workspace + offset;
  accesses_.push_back(
      {.space = 0, .begin = offset, .end = offset + size, .is_written = operand.is_written});
  return absl::OkStatus();
}

absl::StatusOr<absl::Span<const Launch>> Executor::Resolve(const StepAddresses& step) {
  pending_.Clear();
  for (size_t i = 0; i < dim_exprs_.size(); ++i) dims_[i] = step.values[dim_exprs_[i]];
  for (size_t i = 0; i < commands_.size(); ++i) {
    const Command& command = commands_[i];
    accesses_.clear();
    for (uint32_t k = command.first_operand; k < command.first_operand + command.num_operands;
         ++k) {
      LATHE_RETURN_IF_ERROR(ResolveOperand(operands_[k], step, &addresses_[k]), "command ",
                            program_.commands(static_cast<int>(i)).name(), ", operand ",
                            k - command.first_operand);
    }
    launches_[i].items = step.values[command.items];
    launches_[i].waits = pending_.AddMustWait(accesses_);
  }
  return absl::MakeConstSpan(launches_);
}

}  // namespace lathe
