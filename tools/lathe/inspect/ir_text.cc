#include "tools/lathe/inspect/ir_text.h"

#include <set>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "compiler/codegen/kernel_modules.h"
#include "compiler/passes/dispatch_paths.h"
#include "compiler/pipeline/compile.h"
#include "compiler/pipeline/contracts.h"
#include "compiler/pipeline/diagnostics.h"
#include "compiler/pipeline/phases.h"
#include "compiler/target/target.h"
#include "llvm/ADT/SetVector.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/IRMapping.h"
#include "ops/core/dialect.h"
#include "runtime/base/status_macros.h"
#include "runtime/base/strings.h"

namespace lathe {
namespace {

constexpr char kSectionPrefix[] = "ir.";

// Where the location that begins at text[at] ("loc(") ends: names in it may hold parentheses.
size_t EndOfLocation(absl::string_view text, size_t at) {
  int depth = 0;
  bool is_name = false;
  for (; at < text.size(); ++at) {
    if (text[at] == '"') is_name = !is_name;
    if (is_name) continue;
    if (text[at] == '(') ++depth;
    if (text[at] == ')' && --depth == 0) return at + 1;
  }
  return at;
}

struct NamedDispatch {
  DispatchOp dispatch;
  std::vector<std::string> paths;
};

std::vector<NamedDispatch> AllDispatches(mlir::ModuleOp module) {
  std::vector<NamedDispatch> all;
  module.walk([&](DispatchOp dispatch) { all.push_back({dispatch, DispatchPaths(dispatch)}); });
  return all;
}

absl::StatusOr<DispatchOp> FindDispatch(mlir::ModuleOp module, const std::string& name) {
  std::vector<std::string> names;
  for (NamedDispatch& named : AllDispatches(module)) {
    for (const std::string& path : named.paths) {
      if (path == name) return named.dispatch;
      names.push_back(path);
    }
  }
  std::string nearest = Nearest(name, names);
  return absl::NotFoundError(absl::StrCat(
      "no dispatch is called ", Quoted(name), "; lathe inspect ARTIFACT --program lists them",
      nearest.empty() ? "" : absl::StrCat(" (did you mean ", nearest, "?)")));
}

// A function that holds copies of `ops`, which stand in one block, and takes what they read.
std::string PrintAlone(llvm::ArrayRef<mlir::Operation*> ops, mlir::MLIRContext* context) {
  if (ops.empty()) return "";
  const llvm::SetVector<mlir::Operation*> inside(ops.begin(), ops.end());
  llvm::SetVector<mlir::Value> inputs;
  for (mlir::Operation* op : ops) {
    for (mlir::Value operand : op->getOperands()) {
      if (!inside.contains(operand.getDefiningOp())) inputs.insert(operand);
    }
  }
  const mlir::Location location = mlir::UnknownLoc::get(context);
  mlir::OwningOpRef<mlir::ModuleOp> module(mlir::ModuleOp::create(location));
  mlir::OpBuilder builder = mlir::OpBuilder::atBlockEnd(module->getBody());
  const auto types = llvm::map_to_vector(inputs, [](mlir::Value input) { return input.getType(); });
  auto func =
      mlir::func::FuncOp::create(builder, location, "alone", builder.getFunctionType(types, {}));
  mlir::Block* block = func.addEntryBlock();
  mlir::IRMapping mapping;
  mapping.map(inputs.getArrayRef(), block->getArguments());
  builder.setInsertionPointToEnd(block);
  for (mlir::Operation* op : ops) builder.clone(*op, mapping);
  mlir::func::ReturnOp::create(builder, location);
  std::string text;
  llvm::raw_string_ostream(text) << *module << "\n";
  return text;
}

bool IsNextTo(mlir::Operation* op, const llvm::SetVector<mlir::Operation*>& chosen) {
  return llvm::any_of(op->getOperands(),
                      [&](mlir::Value v) { return chosen.contains(v.getDefiningOp()); }) ||
         llvm::any_of(op->getUsers(), [&](mlir::Operation* user) { return chosen.contains(user); });
}

// The ops of `block` that `dispatch` holds one phase later: by their places in the model, and
// those that have none (an add, an activation) by their neighbours. In the block's order.
std::vector<mlir::Operation*> OpsTakenInto(DispatchOp dispatch, mlir::Block& block) {
  std::multiset<std::string> wanted;
  std::set<std::string> places;
  for (mlir::Operation& op : dispatch.block().without_terminator()) {
    wanted.insert(op.getName().getStringRef().str());
    places.insert(LocationText(op.getLoc()));
  }
  places.erase("");
  llvm::SetVector<mlir::Operation*> chosen;
  auto choose_where = [&](auto fits) {
    const size_t before = chosen.size();
    for (mlir::Operation& op : block.without_terminator()) {
      const auto found = wanted.find(op.getName().getStringRef().str());
      if (found == wanted.end() || chosen.contains(&op) || !fits(&op)) continue;
      wanted.erase(found);
      chosen.insert(&op);
    }
    return chosen.size() > before;
  };
  choose_where([&](mlir::Operation* op) { return places.contains(LocationText(op->getLoc())); });
  while (choose_where([&](mlir::Operation* op) { return IsNextTo(op, chosen); })) {
  }
  std::vector<mlir::Operation*> ops;
  for (mlir::Operation& op : block) {
    if (chosen.contains(&op)) ops.push_back(&op);
  }
  return ops;
}

// What a phase before fuse has of the dispatch.
absl::StatusOr<std::string> OpsOfDispatch(const Artifact& artifact, mlir::ModuleOp module,
                                          const std::string& name) {
  LATHE_ASSIGN_OR_RETURN(IrModule fused, ParseIr(artifact, "fuse"));
  LATHE_ASSIGN_OR_RETURN(DispatchOp dispatch, FindDispatch(*fused.module, name));
  auto func = module.lookupSymbol<mlir::func::FuncOp>(
      dispatch->getParentOfType<mlir::func::FuncOp>().getName());
  if (!func || func.isExternal()) return std::string();
  return PrintAlone(OpsTakenInto(dispatch, func.front()), module.getContext());
}

std::string KernelIr(mlir::ModuleOp module, DispatchOp dispatch, const std::string& level) {
  std::string text;
  auto symbols = dispatch->getAttrOfType<mlir::DictionaryAttr>("symbols");
  for (const std::string& name : TargetNames()) {
    absl::StatusOr<Target> target = FindTarget(name);
    auto symbol = symbols ? symbols.getAs<mlir::StringAttr>(name) : mlir::StringAttr();
    mlir::ModuleOp kernels = target.ok() ? FindKernels(module, *target) : mlir::ModuleOp();
    if (!symbol || !kernels) continue;
    for (auto of_level : kernels.getOps<mlir::ModuleOp>()) {
      if (!level.empty() && of_level.getSymName() != level) continue;
      for (auto kernel : of_level.getOps<mlir::ModuleOp>()) {
        if (kernel.getSymName() != symbol.getValue()) continue;
        absl::StrAppend(&text, "// ", name, ", ", of_level.getSymName()->str(), "\n");
        llvm::raw_string_ostream(text) << kernel << "\n";
      }
    }
  }
  return text;
}

}  // namespace

std::vector<std::string> PhasesOf(const artifact::Manifest& manifest) {
  std::vector<std::string> phases;
  for (const artifact::Section& section : manifest.sections()) {
    if (absl::StartsWith(section.name(), kSectionPrefix))
      phases.push_back(section.name().substr(sizeof(kSectionPrefix) - 1));
  }
  return phases;
}

absl::StatusOr<absl::string_view> IrSection(const Artifact& artifact, const std::string& phase) {
  const std::string name = absl::StrCat(kSectionPrefix, phase);
  if (artifact.HasSection(name)) return artifact.Section(name);
  const std::vector<std::string> phases = PhasesOf(artifact.manifest());
  return absl::NotFoundError(absl::StrCat(
      "the artifact keeps no IR of phase ", Quoted(phase), "; it has: ",
      phases.empty() ? "none (compile without --no-keep-ir)" : absl::StrJoin(phases, ", ")));
}

absl::StatusOr<IrModule> ParseIr(const Artifact& artifact, const std::string& phase) {
  LATHE_ASSIGN_OR_RETURN(absl::string_view text, IrSection(artifact, phase));
  mlir::DialectRegistry registry;
  RegisterCompilerDialects(registry);
  IrModule ir;
  ir.context =
      std::make_unique<mlir::MLIRContext>(registry, mlir::MLIRContext::Threading::DISABLED);
  LATHE_ASSIGN_OR_RETURN(ir.module,
                         ParseModule(ir.context.get(), text, absl::StrCat("section ir.", phase)));
  // What looks into the module relies on what the phase promises; the artifact may come from
  // anywhere.
  LATHE_ASSIGN_OR_RETURN(const Phase known, ParsePhase(phase));
  DiagnosticCollector diagnostics(ir.context.get());
  if (mlir::failed(VerifyContract(known, *ir.module)))
    return diagnostics.ToStatus(absl::StrCat("section ir.", phase, " breaks its contract"));
  return ir;
}

std::string WithoutLocations(absl::string_view text) {
  std::string out;
  for (absl::string_view line : absl::StrSplit(text, '\n')) {
    if (absl::StartsWith(line, "#loc")) continue;
    for (size_t at = line.find(" loc("); at != absl::string_view::npos; at = line.find(" loc(")) {
      absl::StrAppend(&out, line.substr(0, at));
      line.remove_prefix(EndOfLocation(line, at));
    }
    absl::StrAppend(&out, line, "\n");
  }
  while (absl::EndsWith(out, "\n\n")) out.pop_back();
  return out;
}

absl::StatusOr<std::string> DispatchIr(const Artifact& artifact, const std::string& phase,
                                       const std::string& name, const std::string& level) {
  LATHE_ASSIGN_OR_RETURN(IrModule ir, ParseIr(artifact, phase));
  if (AllDispatches(*ir.module).empty()) return OpsOfDispatch(artifact, *ir.module, name);
  LATHE_ASSIGN_OR_RETURN(DispatchOp dispatch, FindDispatch(*ir.module, name));
  return absl::StrCat(PrintAlone({dispatch.getOperation()}, ir.context.get()),
                      KernelIr(*ir.module, dispatch, level));
}

}  // namespace lathe
