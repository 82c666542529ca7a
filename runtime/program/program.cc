#include "runtime/program/program.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "runtime/artifact/artifact_writer.h"
#include "runtime/artifact/kernel_abi.h"
#include "runtime/artifact/proto_types.h"
#include "runtime/base/check.h"
#include "runtime/base/status_macros.h"
#include "runtime/base/strings.h"

namespace lathe {
namespace {

const artifact::Program* FindProgram(const artifact::Manifest& manifest, absl::string_view target,
                                     absl::string_view entry) {
  for (const artifact::Program& program : manifest.programs()) {
    if (program.target() == ToStd(target) && program.entry() == ToStd(entry)) return &program;
  }
  return nullptr;
}

// The extents' product times `bytes`; false when it does not fit.
bool TensorBytes(absl::Span<const uint32_t> shape, absl::Span<const int64_t> values,
                 uint64_t* bytes) {
  for (uint32_t extent : shape) {
    if (__builtin_mul_overflow(*bytes, static_cast<uint64_t>(values[extent]), bytes)) return false;
  }
  return true;
}

template <typename List>
std::vector<std::string> NamesOf(const List& list) {
  std::vector<std::string> names;
  for (const auto& entry : list) names.push_back(entry.name());
  return names;
}

}  // namespace

absl::StatusOr<std::unique_ptr<Program>> Program::Load(const Artifact& artifact,
                                                       absl::string_view entry, Device& device) {
  const artifact::Program* description = FindProgram(artifact.manifest(), device.target(), entry);
  if (description == nullptr) {
    std::vector<std::string> found;
    for (const artifact::Program& program : artifact.manifest().programs()) {
      found.push_back(absl::StrCat(program.entry(), " for ", program.target()));
    }
    return absl::NotFoundError(absl::StrCat(
        artifact.path(), " has no entry ", Quoted(entry), " for target ", device.target(),
        " (it has: ", found.empty() ? "none" : absl::StrJoin(found, ", "),
        "); compile the model with --target=", device.target()));
  }
  std::unique_ptr<Program> program(new Program(artifact, *description, device));
  LATHE_RETURN_IF_ERROR(program->LoadCode());
  LATHE_RETURN_IF_ERROR(program->Prepare(), artifact.path());
  return program;
}

absl::Status Program::LoadCode() {
  const artifact::Code* best = nullptr;
  std::vector<std::string> reasons;
  for (const artifact::Code& code : artifact_.manifest().code()) {
    if (code.target() != ToStd(device_.target())) continue;
    const absl::Status fits = device_.CheckFeatureLevel(code.feature_level());
    if (fits.ok()) {
      best = &code;  // later ones are preferred
    } else {
      reasons.emplace_back(fits.message());
    }
  }
  if (best == nullptr) {
    return absl::FailedPreconditionError(
        absl::StrCat(artifact_.path(), ": no code runs on this device (",
                     reasons.empty() ? absl::StrCat("there is none for ", device_.target())
                                     : absl::StrJoin(reasons, "; "),
                     "); compile the model for it"));
  }
  LATHE_ASSIGN_OR_RETURN(const absl::string_view bytes, artifact_.Section(best->section()));
  std::vector<KernelRequest> requests;
  for (const artifact::Kernel& kernel : program_.kernels()) {
    requests.push_back({kernel.symbol(), kernel.scratch_bytes()});
  }
  const std::string& section =
      artifact_.manifest().sections(static_cast<int>(best->section())).name();
  LATHE_ASSIGN_OR_RETURN(code_, device_.LoadCode(bytes, section, requests), artifact_.path());
  feature_level_ = best->feature_level();
  return absl::OkStatus();
}

absl::Status Program::Prepare() {
  const artifact::Manifest& manifest = artifact_.manifest();
  std::vector<const void*> weights;
  if (manifest.weights_size() > 0) {
    LATHE_ASSIGN_OR_RETURN(const absl::string_view bytes, artifact_.Section(kWeightsSection));
    LATHE_ASSIGN_OR_RETURN(weights_, device_.Import(bytes, "weights"));
    for (const artifact::Weight& weight : manifest.weights()) {
      weights.push_back(weights_->data() + weight.offset());
    }
  }
  executor_ = std::make_unique<Executor>(program_, weights, exprs_);
  workspace_expr_ = exprs_.Intern(program_.workspace_bytes());
  for (const artifact::Input& input : program_.inputs()) {
    InputExprs& added = inputs_.emplace_back();
    added.element_bytes = ByteSize(*FromProto(input.dtype()));
    for (const artifact::Expr& extent : input.shape()) added.shape.push_back(exprs_.Intern(extent));
  }
  for (const artifact::Output& output : program_.outputs()) {
    OutputExprs& added = outputs_.emplace_back();
    added.dtype = *FromProto(output.dtype());
    for (const artifact::Expr& extent : output.shape()) {
      added.shape.push_back(exprs_.Intern(extent));
    }
    added.offset = exprs_.Intern(output.buffer().offset());
    added.size = exprs_.Intern(output.buffer().size());
  }
  for (const artifact::Command& command : program_.commands()) {
    costs_.push_back({cost_exprs_.Intern(command.flops()), cost_exprs_.Intern(command.bytes_read()),
                      cost_exprs_.Intern(command.bytes_written())});
  }
  values_.resize(exprs_.size());
  input_addresses_.resize(inputs_.size());
  MarkUsedSymbols();
  return absl::OkStatus();
}

void Program::MarkUsedSymbols() {
  is_symbol_used_.assign(static_cast<size_t>(artifact_.manifest().symbols_size()), false);
  for (const ExprTable* table : {&exprs_, &cost_exprs_}) {
    for (uint32_t symbol : table->symbols()) is_symbol_used_[symbol] = true;
  }
}

absl::Status Program::BindSymbols(absl::Span<const SymbolBinding> bindings,
                                  std::vector<int64_t>& symbols) const {
  const SymbolNames& names = artifact_.manifest().symbols();
  symbols.assign(static_cast<size_t>(names.size()), 0);
  for (int i = 0; i < names.size(); ++i) {
    const auto bound = std::find_if(
        bindings.begin(), bindings.end(),
        [&](const SymbolBinding& binding) { return ToStd(binding.name) == names.Get(i); });
    if (bound == bindings.end()) {
      if (!is_symbol_used_[static_cast<size_t>(i)]) continue;
      return absl::InvalidArgumentError(
          absl::StrCat("symbol ", Quoted(names.Get(i)), " has no value in this step"));
    }
    if (bound->value < 0) {
      return absl::InvalidArgumentError(absl::StrCat("symbol ", Quoted(names.Get(i)), " is ",
                                                     bound->value, ", expected 0 or more"));
    }
    symbols[static_cast<size_t>(i)] = bound->value;
  }
  return absl::OkStatus();
}

absl::Status Program::BindInputs(absl::Span<const InputBinding> bindings) {
  std::fill(input_addresses_.begin(), input_addresses_.end(), nullptr);
  std::vector<bool> is_bound(inputs_.size(), false);
  for (const InputBinding& binding : bindings) {
    const auto found = std::find_if(
        program_.inputs().begin(), program_.inputs().end(),
        [&](const artifact::Input& input) { return input.name() == ToStd(binding.name); });
    if (found == program_.inputs().end()) {
      const std::string nearest = Nearest(binding.name, NamesOf(program_.inputs()));
      return absl::InvalidArgumentError(absl::StrCat(
          "the program has no input ", Quoted(binding.name),
          nearest.empty() ? "" : absl::StrCat(" (did you mean ", Quoted(nearest), "?)")));
    }
    const auto index = static_cast<size_t>(found - program_.inputs().begin());
    uint64_t expected = inputs_[index].element_bytes;
    const bool fits = TensorBytes(inputs_[index].shape, values_, &expected);
    if (!fits || binding.bytes != expected || (binding.data == nullptr && expected > 0)) {
      return absl::InvalidArgumentError(
          absl::StrCat("input ", Quoted(binding.name), ": ",
                       binding.data == nullptr ? 0 : binding.bytes, " bytes, expected ", expected,
                       " for ", ShapeText(found->shape(), artifact_.manifest().symbols())));
    }
    if (is_bound[index]) {
      return absl::InvalidArgumentError(
          absl::StrCat("input ", Quoted(binding.name), " is bound twice"));
    }
    is_bound[index] = true;
    input_addresses_[index] = binding.data;
  }
  for (size_t i = 0; i < inputs_.size(); ++i) {
    if (!is_bound[i]) {
      return absl::InvalidArgumentError(
          absl::StrCat("input ", Quoted(program_.inputs(static_cast<int>(i)).name()),
                       " is not bound in this step"));
    }
  }
  return absl::OkStatus();
}

absl::Status Program::CheckKvBindings(absl::Span<const KvBinding> bindings) const {
  const auto& groups = artifact_.manifest().kv_groups();
  if (bindings.size() != static_cast<size_t>(groups.size())) {
    return absl::InvalidArgumentError(
        absl::StrCat(bindings.size(), " cache groups bound, the artifact has ", groups.size()));
  }
  for (int i = 0; i < groups.size(); ++i) {
    const KvBinding& binding = bindings[static_cast<size_t>(i)];
    if (binding.pool == nullptr || binding.page_table == nullptr ||
        reinterpret_cast<uintptr_t>(binding.pool) % kBufferAlignment != 0) {
      return absl::InvalidArgumentError(
          absl::StrCat("cache group ", Quoted(groups.Get(i).name()),
                       ": the pool or the page table is missing, or the pool is not aligned to ",
                       kBufferAlignment));
    }
  }
  return absl::OkStatus();
}

absl::Status Program::CheckOutputs(int64_t workspace_bytes) const {
  for (size_t i = 0; i < outputs_.size(); ++i) {
    const OutputExprs& output = outputs_[i];
    const int64_t offset = values_[output.offset];
    const int64_t size = values_[output.size];
    uint64_t needed = ByteSize(output.dtype);
    const bool fits = TensorBytes(output.shape, values_, &needed);
    if (!fits || needed > static_cast<uint64_t>(size) || offset > workspace_bytes ||
        size > workspace_bytes - offset) {
      return absl::InvalidArgumentError(
          absl::StrCat("output ", Quoted(program_.outputs(static_cast<int>(i)).name()), ": ",
                       needed, " bytes in a buffer of ", size, " at ", offset,
                       " of a workspace of ", workspace_bytes, "; compile the model again"));
    }
  }
  return absl::OkStatus();
}

absl::Status Program::ReserveWorkspace(uint64_t bytes) {
  if (bytes <= workspace_bytes() && workspace_ != nullptr) return absl::OkStatus();
  // A quarter more, so that steps that grow one by one do not each pay for fresh pages.
  const uint64_t roomy = std::max(bytes, workspace_bytes() + workspace_bytes() / 4);
  has_run_ = false;
  workspace_.reset();
  LATHE_ASSIGN_OR_RETURN(workspace_, device_.Allocate(roomy, "the workspace"));
  return absl::OkStatus();
}

absl::Status Program::Run(const StepBindings& bindings, StepRecord* record) {
  has_run_ = false;
  LATHE_RETURN_IF_ERROR(BindSymbols(bindings.symbols, symbols_));
  LATHE_RETURN_IF_ERROR(exprs_.Evaluate(symbols_, absl::MakeSpan(values_)));
  LATHE_RETURN_IF_ERROR(BindInputs(bindings.inputs));
  LATHE_RETURN_IF_ERROR(CheckKvBindings(bindings.kv_groups));
  StepAddresses step;
  step.workspace_bytes = values_[workspace_expr_];
  LATHE_RETURN_IF_ERROR(CheckOutputs(step.workspace_bytes));
  LATHE_RETURN_IF_ERROR(ReserveWorkspace(static_cast<uint64_t>(step.workspace_bytes)));
  step.values = values_;
  step.inputs = input_addresses_;
  step.kv_groups = bindings.kv_groups;
  step.workspace = workspace_->data();
  LATHE_ASSIGN_OR_RETURN(const absl::Span<const Launch> launches, executor_->Resolve(step));
  if (record != nullptr) LATHE_RETURN_IF_ERROR(DescribeCommands(launches, record->commands));
  LATHE_RETURN_IF_ERROR(
      device_.Run(*code_, launches, record != nullptr ? &record->times : nullptr));
  has_run_ = true;
  return absl::OkStatus();
}

absl::Status Program::DescribeCommands(absl::Span<const Launch> launches,
                                       std::vector<CommandRecord>& commands) const {
  std::vector<int64_t> costs(cost_exprs_.size());
  LATHE_RETURN_IF_ERROR(cost_exprs_.Evaluate(symbols_, absl::MakeSpan(costs)));
  commands.resize(launches.size());
  for (size_t i = 0; i < launches.size(); ++i) {
    const artifact::Command& command = program_.commands(static_cast<int>(i));
    CommandRecord& record = commands[i];
    record.name = command.name();
    const artifact::Kernel& kernel = program_.kernels(static_cast<int>(command.kernel()));
    record.kernel = kernel.symbol();
    record.rows = command.dims_size() > 0 ? launches[i].dims[0] : 0;
    record.work = {.flops = static_cast<double>(costs[costs_[i].flops]),
                   .bytes = static_cast<double>(costs[costs_[i].bytes_read]) +
                            static_cast<double>(costs[costs_[i].bytes_written]),
                   .unit = UnitOf(kernel, feature_level_)};
  }
  return absl::OkStatus();
}

bool Program::HasOutput(absl::string_view name) const {
  return std::any_of(program_.outputs().begin(), program_.outputs().end(),
                     [&](const artifact::Output& output) { return output.name() == ToStd(name); });
}

absl::StatusOr<OutputView> Program::Output(absl::string_view name) const {
  if (!has_run_) {
    return absl::FailedPreconditionError(
        absl::StrCat("output ", Quoted(name), ": no step has run, or the last one failed"));
  }
  for (int i = 0; i < program_.outputs_size(); ++i) {
    if (program_.outputs(i).name() != ToStd(name)) continue;
    const OutputExprs& output = outputs_[static_cast<size_t>(i)];
    OutputView view;
    view.dtype = output.dtype;
    for (uint32_t extent : output.shape) view.shape.push_back(values_[extent]);
    view.data = workspace_->data() + values_[output.offset];
    view.bytes = ByteSize(output.dtype);
    LATHE_CHECK(TensorBytes(output.shape, values_, &view.bytes)) << "checked before the run";
    return view;
  }
  const std::string nearest = Nearest(name, NamesOf(program_.outputs()));
  return absl::NotFoundError(
      absl::StrCat("the program has no output ", Quoted(name),
                   nearest.empty() ? "" : absl::StrCat(" (did you mean ", Quoted(nearest), "?)")));
}

absl::StatusOr<uint64_t> Program::WorkspaceBytes(absl::Span<const SymbolBinding> symbols) const {
  std::vector<int64_t> bound;
  LATHE_RETURN_IF_ERROR(BindSymbols(symbols, bound));
  std::vector<int64_t> values(exprs_.size());
  LATHE_RETURN_IF_ERROR(exprs_.Evaluate(bound, absl::MakeSpan(values)));
  return static_cast<uint64_t>(values[workspace_expr_]);
}

}  // namespace lathe
