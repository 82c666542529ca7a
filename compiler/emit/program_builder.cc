#include "compiler/emit/program_builder.h"

#include "absl/strings/str_cat.h"
#include "compiler/codegen/kernel_modules.h"
#include "compiler/emit/dispatch_cost.h"
#include "compiler/plan/buffers.h"
#include "compiler/select/candidates.h"
#include "ops/attention/attention_ops.h"
#include "runtime/artifact/proto_types.h"
#include "runtime/base/status_macros.h"

namespace lathe {
namespace {

// The symbol by which kernels ask for the row length of the page table that they get.
constexpr char kMaxPages[] = "max_pages";

// Far beyond any model; the bytes of a page fit 64 bits by far.
constexpr int64_t kMaxCacheExtent = 4096;

artifact::DType ToProto(mlir::Type element) {
  if (element.isBF16()) return artifact::BF16;
  if (element.isF16()) return artifact::F16;
  return element.isInteger(32) ? artifact::I32 : artifact::F32;
}

// Dispatches that share a kernel say the same.
void SetUnits(const KernelChoice& choice, const Target& target, artifact::Kernel& kernel) {
  if (!choice.unit || kernel.units_size() > 0) return;
  for (const CpuLevel& level : target.levels) {
    const ArithmeticUnit unit = choice.unit(level);
    if (unit == ArithmeticUnit::kFmaF32) continue;
    artifact::LevelUnit* added = kernel.add_units();
    added->set_feature_level(level.name);
    added->set_unit(ToProto(unit));
  }
}

std::string NameOf(mlir::func::FuncOp entry, mlir::BlockArgument argument) {
  auto name = entry.getArgAttrOfType<mlir::StringAttr>(argument.getArgNumber(), "lathe.name");
  return name ? name.getValue().str() : "";
}

}  // namespace

struct ProgramBuilder::EntryContext {
  mlir::func::FuncOp entry;
  const Target& target;
  artifact::Program& program;
  std::map<std::string, uint32_t> inputs;
  std::map<std::string, uint32_t> kernels;
};

uint32_t ProgramBuilder::Symbol(const std::string& name) {
  auto [it, is_new] = symbols_.emplace(name, static_cast<uint32_t>(manifest_.symbols_size()));
  if (is_new) manifest_.add_symbols(name);
  return it->second;
}

absl::Status ProgramBuilder::SetExpr(const SymExpr& expr, artifact::Expr& out) {
  for (const SymExpr::Term& term : expr.Terms()) {
    artifact::Expr::Term* added = out.add_terms();
    added->set_coefficient(term.coefficient);
    for (const std::string& symbol : term.symbols) added->add_symbols(Symbol(symbol));
  }
  return absl::OkStatus();
}

absl::Status ProgramBuilder::AddPrograms(mlir::ModuleOp module, const Target& target) {
  for (auto entry : module.getOps<mlir::func::FuncOp>()) {
    LATHE_RETURN_IF_ERROR(AddProgram(entry, module, target), "entry @", entry.getName().str());
  }
  return absl::OkStatus();
}

absl::Status ProgramBuilder::AddProgram(mlir::func::FuncOp entry, mlir::ModuleOp module,
                                        const Target& target) {
  artifact::Program& program = *manifest_.add_programs();
  program.set_target(target.name);
  program.set_entry(entry.getName().str());
  EntryContext context{entry, target, program, {}, {}};
  mlir::ModuleOp kernels = FindKernels(module, target);
  if (!kernels)
    return absl::InvalidArgumentError(
        absl::StrCat("there are no kernels for ", target.name, ": run phase lower first"));
  if (target.levels.empty())
    return absl::UnimplementedError(absl::StrCat("no code is made for ", target.name));
  // Every level has the same kernels.
  LATHE_ASSIGN_OR_RETURN(std::vector<LoweredKernel> lowered,
                         KernelsOfLevel(kernels, target.levels.front()));
  for (const LoweredKernel& kernel : lowered) {
    context.kernels[kernel.symbol] = static_cast<uint32_t>(program.kernels_size());
    artifact::Kernel* added = program.add_kernels();
    added->set_symbol(kernel.symbol);
    added->set_scratch_bytes(static_cast<uint64_t>(kernel.scratch_bytes));
  }
  LATHE_RETURN_IF_ERROR(AddInputs(context));
  for (auto view : entry.front().getOps<CacheLayerOp>()) LATHE_RETURN_IF_ERROR(SetModelLayer(view));
  for (auto dispatch : entry.front().getOps<DispatchOp>()) {
    LATHE_RETURN_IF_ERROR(AddCommand(context, dispatch), "dispatch ", dispatch.getName().str());
  }
  LATHE_RETURN_IF_ERROR(AddOutputs(context));
  LATHE_ASSIGN_OR_RETURN(SymExpr workspace, WorkspaceBytes(entry));
  return SetExpr(workspace, *program.mutable_workspace_bytes());
}

absl::Status ProgramBuilder::AddInputs(EntryContext& context) {
  for (mlir::BlockArgument argument : context.entry.getArguments()) {
    std::string name = NameOf(context.entry, argument);
    if (name.empty())
      return absl::InvalidArgumentError(
          absl::StrCat("argument ", argument.getArgNumber(), " has no lathe.name"));
    if (llvm::isa<KvCacheType>(argument.getType())) {
      LATHE_RETURN_IF_ERROR(CacheGroup(llvm::cast<KvCacheType>(argument.getType())).status());
      continue;
    }
    auto type = llvm::cast<mlir::RankedTensorType>(argument.getType());
    context.inputs[name] = static_cast<uint32_t>(context.program.inputs_size());
    artifact::Input* input = context.program.add_inputs();
    input->set_name(name);
    input->set_dtype(ToProto(type.getElementType()));
    for (const Extent& extent : Extents(type))
      LATHE_RETURN_IF_ERROR(SetExpr(extent.expr(), *input->add_shape()));
  }
  return absl::OkStatus();
}

absl::Status ProgramBuilder::AddOutputs(EntryContext& context) {
  auto returned = context.entry.front().getTerminator()->getOperands();
  for (auto [index, value] : llvm::enumerate(returned)) {
    auto name = context.entry.getResultAttrOfType<mlir::StringAttr>(static_cast<unsigned>(index),
                                                                    "lathe.name");
    if (!name)
      return absl::InvalidArgumentError(absl::StrCat("result ", index, " has no lathe.name"));
    auto type = llvm::cast<mlir::RankedTensorType>(value.getType());
    artifact::Output* output = context.program.add_outputs();
    output->set_name(name.getValue().str());
    output->set_dtype(ToProto(type.getElementType()));
    for (const Extent& extent : Extents(type))
      LATHE_RETURN_IF_ERROR(SetExpr(extent.expr(), *output->add_shape()));
    LATHE_RETURN_IF_ERROR(SetBuffer(value, *output->mutable_buffer()), "output ", output->name());
  }
  return absl::OkStatus();
}

absl::StatusOr<uint32_t> ProgramBuilder::KernelOf(EntryContext& context, mlir::Operation* op,
                                                  const KernelChoice& choice) {
  auto dispatch = llvm::cast<DispatchOp>(op);
  auto symbols = dispatch->getAttrOfType<mlir::DictionaryAttr>("symbols");
  auto attribute =
      symbols ? symbols.getAs<mlir::StringAttr>(context.target.name) : mlir::StringAttr();
  std::string symbol = attribute ? attribute.getValue().str() : "(none)";
  auto kernel = context.kernels.find(symbol);
  if (kernel == context.kernels.end())
    return absl::InvalidArgumentError(absl::StrCat("its kernel ", symbol, " has no body"));
  // The symbol is a hash of what the kernel does, and the dispatch may have been edited since.
  LATHE_ASSIGN_OR_RETURN(std::string name, ChosenKernelName(dispatch, context.target));
  if (symbol != KernelSymbol(name, choice)) {
    return absl::InvalidArgumentError(absl::StrCat("its kernel ", symbol,
                                                   " was written for something else than ",
                                                   choice.key, ": run phase lower again"));
  }
  return kernel->second;
}

absl::Status ProgramBuilder::AddCommand(EntryContext& context, mlir::Operation* op) {
  auto dispatch = llvm::cast<DispatchOp>(op);
  LATHE_ASSIGN_OR_RETURN(KernelChoice choice, ChosenKernel(dispatch, context.target));
  LATHE_ASSIGN_OR_RETURN(uint32_t kernel, KernelOf(context, dispatch, choice));
  SetUnits(choice, context.target, *context.program.mutable_kernels(static_cast<int>(kernel)));
  artifact::Command& command = *context.program.add_commands();
  command.set_name(dispatch.getName().str());
  command.set_kernel(kernel);
  std::string max_pages;
  for (const Binding& binding : choice.bindings) {
    artifact::Operand& operand = *command.add_operands();
    LATHE_RETURN_IF_ERROR(SetOperand(context, dispatch, binding, operand));
    if (binding.kind != Binding::Kind::kPageTable) continue;
    max_pages = manifest_.symbols(static_cast<int>(
        manifest_.kv_groups(static_cast<int>(operand.state().group())).max_pages_symbol()));
  }
  for (const SymExpr& dim : choice.dims) {
    bool is_max_pages = dim == SymExpr::Symbol(kMaxPages);
    LATHE_RETURN_IF_ERROR(
        SetExpr(is_max_pages ? SymExpr::Symbol(max_pages) : dim, *command.add_dims()));
  }
  LATHE_RETURN_IF_ERROR(
      SetExpr(choice.items.units * choice.items.coefficient, *command.mutable_items()));
  if (choice.items.divisor > 1) {
    for (artifact::Expr::Term& term : *command.mutable_items()->mutable_terms()) {
      if (term.coefficient() != choice.items.coefficient || command.items().terms_size() != 1) {
        return absl::InternalError("tiles can be counted over one symbol only");
      }
      term.set_divisor(choice.items.divisor);
    }
  }
  OpCost cost = DispatchCost(dispatch);
  LATHE_RETURN_IF_ERROR(SetExpr(cost.flops, *command.mutable_flops()));
  LATHE_RETURN_IF_ERROR(SetExpr(cost.bytes_read, *command.mutable_bytes_read()));
  LATHE_RETURN_IF_ERROR(SetExpr(cost.bytes_written, *command.mutable_bytes_written()));
  if (auto notes = dispatch->getAttrOfType<mlir::ArrayAttr>("notes")) {
    for (auto note : notes.getAsRange<mlir::StringAttr>()) command.add_notes(note.getValue().str());
  }
  return absl::OkStatus();
}

absl::Status ProgramBuilder::SetOperand(EntryContext& context, mlir::Operation* op,
                                        const Binding& binding, artifact::Operand& operand) {
  auto dispatch = llvm::cast<DispatchOp>(op);
  operand.set_written(binding.is_written);
  switch (binding.kind) {
    case Binding::Kind::kOutput:
      return SetBuffer(dispatch.getResult(static_cast<unsigned>(binding.index)),
                       *operand.mutable_buffer());
    case Binding::Kind::kInput:
      return SetInputOperand(context, dispatch.getInputs()[static_cast<size_t>(binding.index)],
                             binding.layout, operand);
    case Binding::Kind::kPool:
    case Binding::Kind::kPageTable:
      break;
  }
  uint64_t layer = 0;
  LATHE_ASSIGN_OR_RETURN(uint32_t group, CacheGroupOfBinding(dispatch, binding, &layer));
  artifact::StateRef& state = *operand.mutable_state();
  state.set_group(group);
  bool is_pool = binding.kind == Binding::Kind::kPool;
  state.set_part(is_pool ? artifact::StateRef::POOL : artifact::StateRef::PAGE_TABLE);
  if (is_pool)
    state.set_byte_offset(layer * manifest_.kv_groups(static_cast<int>(group)).layer_bytes());
  return absl::OkStatus();
}

absl::Status ProgramBuilder::SetInputOperand(EntryContext& context, mlir::Value value,
                                             const std::string& layout,
                                             artifact::Operand& operand) {
  auto type = llvm::cast<mlir::RankedTensorType>(value.getType());
  if (auto weight = value.getDefiningOp<WeightOp>()) {
    LATHE_ASSIGN_OR_RETURN(uint32_t index,
                           weights_.Add({weight.getParam().str(), layout, type, nullptr}));
    operand.set_weight(index);
    return absl::OkStatus();
  }
  if (auto constant = value.getDefiningOp<ConstantOp>()) {
    auto numbers = llvm::dyn_cast<mlir::DenseElementsAttr>(constant.getValue());
    if (!numbers || !type.getElementType().isF32())
      return absl::UnimplementedError("constants other than dense f32");
    LATHE_ASSIGN_OR_RETURN(uint32_t index,
                           weights_.Add({constant.getName().str(), layout, type, numbers}));
    operand.set_weight(index);
    return absl::OkStatus();
  }
  if (auto argument = llvm::dyn_cast<mlir::BlockArgument>(value)) {
    operand.set_input(context.inputs.at(NameOf(context.entry, argument)));
    return absl::OkStatus();
  }
  return SetBuffer(value, *operand.mutable_buffer());
}

absl::Status ProgramBuilder::SetBuffer(mlir::Value value, artifact::BufferRef& buffer) {
  auto result = llvm::dyn_cast<mlir::OpResult>(value);
  auto dispatch = result ? llvm::dyn_cast<DispatchOp>(result.getOwner()) : DispatchOp();
  if (!dispatch)
    return absl::UnimplementedError(
        "a value that no dispatch computes has no place in the workspace");
  LATHE_ASSIGN_OR_RETURN(SymExpr offset, BufferOffset(dispatch, result.getResultNumber()));
  LATHE_RETURN_IF_ERROR(SetExpr(offset, *buffer.mutable_offset()));
  return SetExpr(NumBytes(llvm::cast<mlir::RankedTensorType>(value.getType())),
                 *buffer.mutable_size());
}

absl::StatusOr<uint32_t> ProgramBuilder::CacheGroup(KvCacheType type) {
  std::string name = type.getName().str();
  for (int64_t extent : {type.getLayers(), type.getKvHeads(), type.getHeadDim(), type.getPage()}) {
    if (extent > kMaxCacheExtent) {
      return absl::InvalidArgumentError(absl::StrCat(
          "cache group ", name, ": ", extent, " is beyond what a page is laid out for (layers, ",
          "heads, their width, tokens: ", kMaxCacheExtent, " at most)"));
    }
  }
  const auto number = static_cast<uint32_t>(manifest_.kv_groups_size());
  auto [it, is_new] = groups_.try_emplace(name, number, type);
  if (!is_new && it->second.second != type) {
    return absl::InvalidArgumentError(
        absl::StrCat("two cache groups of different types are called ", name));
  }
  if (!is_new) return it->second.first;
  artifact::KvCacheGroup& group = *manifest_.add_kv_groups();
  const uint64_t element_bytes = type.getDtype().getIntOrFloatBitWidth() / 8;
  const uint64_t part =
      static_cast<uint64_t>(type.getKvHeads() * type.getHeadDim() * type.getPage()) * element_bytes;
  group.set_name(name);
  group.set_num_layers(static_cast<uint32_t>(type.getLayers()));
  group.set_kv_heads(static_cast<uint32_t>(type.getKvHeads()));
  group.set_head_dim(static_cast<uint32_t>(type.getHeadDim()));
  group.set_dtype(ToProto(type.getDtype()));
  group.set_page_tokens(static_cast<uint32_t>(type.getPage()));
  group.set_window(type.getWindow());
  group.set_value_offset(part);
  group.set_layer_bytes(2 * part);
  group.set_page_bytes(2 * part * static_cast<uint64_t>(type.getLayers()));
  group.mutable_model_layers()->Resize(static_cast<int>(type.getLayers()), 0);
  group.set_max_pages_symbol(Symbol(absl::StrCat(name, ".max_pages")));
  return number;
}

absl::Status ProgramBuilder::SetModelLayer(mlir::Operation* cache_layer) {
  auto view = llvm::cast<CacheLayerOp>(cache_layer);
  LATHE_ASSIGN_OR_RETURN(uint32_t number, CacheGroup(view.getCache().getType()));
  artifact::KvCacheGroup* group = manifest_.mutable_kv_groups(static_cast<int>(number));
  group->mutable_model_layers()->Set(static_cast<int>(view.getIndex()),
                                     static_cast<uint32_t>(view.ModelLayerOrIndex()));
  return absl::OkStatus();
}

absl::StatusOr<uint32_t> ProgramBuilder::CacheGroupOfBinding(mlir::Operation* op,
                                                             const Binding& binding,
                                                             uint64_t* layer) {
  auto dispatch = llvm::cast<DispatchOp>(op);
  auto view =
      dispatch.getInputs()[static_cast<size_t>(binding.index)].getDefiningOp<CacheLayerOp>();
  auto cache = view ? llvm::dyn_cast<mlir::BlockArgument>(view.getCache()) : mlir::BlockArgument();
  if (!cache)
    return absl::InvalidArgumentError("its cache is not a layer of an input of the entry");
  *layer = static_cast<uint64_t>(view.getIndex());
  return CacheGroup(view.getCache().getType());
}

}  // namespace lathe
