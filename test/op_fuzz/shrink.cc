#include "test/op_fuzz/shrink.h"

#include <set>

#include "absl/strings/str_cat.h"
#include "llvm/ADT/DenseSet.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/AttrTypeSubElements.h"
#include "mlir/IR/Diagnostics.h"
#include "mlir/IR/Verifier.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"
#include "ops/attention/attention_ops.h"
#include "ops/core/dialect.h"
#include "ops/elementwise/elementwise_ops.h"
#include "runtime/base/check.h"

namespace lathe::op_fuzz {
namespace {

using mlir::func::FuncOp;

FuncOp Entry(mlir::ModuleOp module) {
  auto entry = module.lookupSymbol<FuncOp>("step");
  LATHE_CHECK(entry) << "a case without @step";
  return entry;
}

std::vector<mlir::Operation*> OpsOf(mlir::ModuleOp module) {
  std::vector<mlir::Operation*> ops;
  for (mlir::Operation& op : Entry(module).front().without_terminator()) ops.push_back(&op);
  return ops;
}

bool IsGiven(mlir::Operation* op) { return llvm::isa<WeightOp, ConstantOp, CacheLayerOp>(op); }

// Removes what nobody reads: ops, inputs, weights.
void RemoveUnread(mlir::ModuleOp module) {
  FuncOp entry = Entry(module);
  std::vector<mlir::Operation*> ops = OpsOf(module);
  for (auto it = ops.rbegin(); it != ops.rend(); ++it) {
    if (mlir::isOpTriviallyDead(*it)) (*it)->erase();
  }
  for (unsigned i = entry.getNumArguments(); i-- > 0;) {
    if (entry.getArgument(i).use_empty()) (void)entry.eraseArgument(i);
  }
  std::set<std::string> read;
  module.walk([&](WeightOp weight) { read.insert(weight.getParam().str()); });
  for (auto param : llvm::make_early_inc_range(module.getOps<ParamOp>())) {
    if (!read.contains(param.getSymName().str())) param.erase();
  }
}

void DropOutput(mlir::ModuleOp module, unsigned number) {
  FuncOp entry = Entry(module);
  (void)entry.eraseResult(number);
  entry.front().getTerminator()->eraseOperand(number);
}

mlir::Value AddInput(mlir::ModuleOp module, mlir::Type type) {
  FuncOp entry = Entry(module);
  std::set<std::string> taken;
  for (unsigned i = 0; i < entry.getNumArguments(); ++i) {
    if (auto name = entry.getArgAttrOfType<mlir::StringAttr>(i, "lathe.name"))
      taken.insert(name.str());
  }
  std::string name;
  for (int i = 0; name.empty() || taken.contains(name); ++i) name = absl::StrCat("in", i);
  mlir::MLIRContext* context = module.getContext();
  auto attributes = mlir::DictionaryAttr::get(
      context, {mlir::NamedAttribute(mlir::StringAttr::get(context, "lathe.name"),
                                     mlir::StringAttr::get(context, name))});
  const unsigned number = entry.getNumArguments();
  (void)entry.insertArgument(number, type, attributes, mlir::UnknownLoc::get(context));
  return entry.getArgument(number);
}

// The values that could stand in for a result: operands of its type, then an input.
size_t NumStandIns(mlir::Operation* op) { return op->getNumOperands() + 1; }

// False where the stand-in does not fit.
bool ReplaceByStandIn(mlir::ModuleOp module, mlir::Operation* op, size_t stand_in) {
  if (op->getNumResults() == 0) {
    if (stand_in > 0) return false;
    op->erase();
    return true;
  }
  for (mlir::Value result : op->getResults()) {
    if (!llvm::isa<mlir::RankedTensorType>(result.getType())) return false;
    mlir::Value other;
    if (stand_in < op->getNumOperands()) {
      other = op->getOperand(static_cast<unsigned>(stand_in));
      if (other.getType() != result.getType()) return false;
    } else {
      other = AddInput(module, result.getType());
    }
    result.replaceAllUsesWith(other);
  }
  op->erase();
  return true;
}

mlir::RankedTensorType WithExtent(mlir::RankedTensorType type, int64_t from, int64_t to) {
  llvm::SmallVector<int64_t> shape(type.getShape());
  for (int64_t& extent : shape) {
    if (extent == from) extent = to;
  }
  return mlir::RankedTensorType::get(shape, type.getElementType(), type.getEncoding());
}

// Every static extent `from`, in all types and constants, becomes `to`, where `to` is less.
void ReplaceExtent(mlir::ModuleOp module, int64_t from, int64_t to) {
  mlir::AttrTypeReplacer replacer;
  replacer.addReplacement([=](mlir::RankedTensorType type) { return WithExtent(type, from, to); });
  auto replace = [=](int64_t extent) { return extent == from ? to : extent; };
  replacer.addReplacement([=](KvCacheType type) {
    return KvCacheType::get(type.getContext(), type.getName(), type.getLayers(),
                            replace(type.getKvHeads()), replace(type.getHeadDim()), type.getDtype(),
                            type.getPage(), type.getWindow());
  });
  replacer.addReplacement([=](KvLayerType type) {
    return KvLayerType::get(type.getContext(), replace(type.getKvHeads()),
                            replace(type.getHeadDim()), type.getDtype(), type.getPage(),
                            type.getWindow());
  });
  replacer.addReplacement([=](mlir::DenseElementsAttr values)
                              -> std::optional<std::pair<mlir::Attribute, mlir::WalkResult>> {
    auto type = llvm::dyn_cast<mlir::RankedTensorType>(values.getType());
    if (!type || type.getRank() != 1 || type.getDimSize(0) != from || values.isSplat())
      return std::nullopt;
    llvm::SmallVector<mlir::Attribute> kept(values.getValues<mlir::Attribute>());
    kept.resize(static_cast<size_t>(to));
    return std::pair<mlir::Attribute, mlir::WalkResult>(
        mlir::DenseElementsAttr::get(WithExtent(type, from, to), kept), mlir::WalkResult::skip());
  });
  replacer.recursivelyReplaceElementsIn(module, /*replaceAttrs=*/true, /*replaceLocs=*/false,
                                        /*replaceTypes=*/true);
}

std::set<int64_t> StaticExtents(mlir::ModuleOp module) {
  std::set<int64_t> extents;
  auto add = [&](mlir::Type type) {
    if (auto tensor = llvm::dyn_cast<mlir::RankedTensorType>(type)) {
      for (int64_t extent : tensor.getShape()) {
        if (extent > 1) extents.insert(extent);
      }
    } else if (auto cache = llvm::dyn_cast<KvLayerType>(type)) {
      extents.insert({cache.getKvHeads(), cache.getHeadDim()});
    }
  };
  module.walk([&](mlir::Operation* op) {
    for (mlir::Type type : op->getResultTypes()) add(type);
    for (mlir::Type type : op->getOperandTypes()) add(type);
  });
  extents.erase(1);
  return extents;
}

// Smaller numbers to try, the most promising first.
std::vector<int64_t> Smaller(int64_t number) {
  std::set<int64_t> found;
  for (int64_t candidate :
       {int64_t{1}, int64_t{2}, int64_t{3}, number / 2, number - 16, number - 1}) {
    if (candidate >= 1 && candidate < number) found.insert(candidate);
  }
  return {found.begin(), found.end()};
}

class Shrinker {
 public:
  Shrinker(mlir::ModuleOp module, const CaseRun& run, const StillFails& still_fails, int max_tries)
      : module_(module.clone()), run_(run), still_fails_(still_fails), tries_(max_tries) {}

  Case Run() {
    for (bool changed = true; changed && tries_ > 0;) {
      changed = ShrinkRun();
      changed |= DropOutputs();
      changed |= DropOps();
      changed |= ShrinkExtents();
    }
    return {std::move(module_), run_};
  }

 private:
  // Takes the changed copy and run when they verify and fail.
  bool Try(const std::function<bool(mlir::ModuleOp)>& change, const CaseRun& run) {
    if (tries_ <= 0) return false;
    --tries_;
    // Most changes do not fit: nobody wants to read why.
    mlir::ScopedDiagnosticHandler quiet(module_->getContext(),
                                        [](mlir::Diagnostic&) { return mlir::success(); });
    mlir::OwningOpRef<mlir::ModuleOp> copy(module_->clone());
    if (change && !change(*copy)) return false;
    RemoveUnread(*copy);
    if (mlir::failed(mlir::verify(*copy)) || !still_fails_(*copy, run)) return false;
    module_ = std::move(copy);
    run_ = run;
    return true;
  }

  bool TryRun(const CaseRun& run) { return Try(nullptr, run); }

  bool ShrinkRun() {
    bool changed = false;
    while (run_.tokens.size() > 1) {
      CaseRun shorter = run_;
      shorter.tokens.pop_back();
      if (!TryRun(shorter)) break;
      changed = true;
    }
    for (size_t step = 0; step < run_.tokens.size(); ++step) {
      changed |= ShrinkNumber([step](CaseRun& run) -> int64_t& { return run.tokens[step]; });
    }
    changed |= ShrinkNumber([](CaseRun& run) -> int64_t& { return run.logit_rows; });
    CaseRun plain = run_;
    plain.weights = "";
    if (!run_.weights.empty()) changed |= TryRun(plain);
    return changed;
  }

  bool ShrinkNumber(const std::function<int64_t&(CaseRun&)>& number) {
    bool changed = false;
    for (bool again = true; again;) {
      again = false;
      for (int64_t candidate : Smaller(number(run_))) {
        CaseRun smaller = run_;
        number(smaller) = candidate;
        if (!TryRun(smaller)) continue;
        changed = again = true;
        break;
      }
    }
    return changed;
  }

  bool DropOutputs() {
    bool changed = false;
    for (unsigned i = Entry(*module_).getNumResults(); i-- > 0;) {
      if (Entry(*module_).getNumResults() == 1) break;
      changed |= Try([i](mlir::ModuleOp copy) { return DropOutput(copy, i), true; }, run_);
    }
    return changed;
  }

  // From the last op to the first: what stands before it may go unread with it.
  bool DropOps() {
    bool changed = false;
    for (size_t i = OpsOf(*module_).size(); i-- > 0;) {
      std::vector<mlir::Operation*> ops = OpsOf(*module_);
      if (i >= ops.size() || IsGiven(ops[i])) continue;
      const size_t num_stand_ins = NumStandIns(ops[i]);
      for (size_t stand_in = 0; stand_in < num_stand_ins; ++stand_in) {
        const bool done = Try(
            [&](mlir::ModuleOp copy) { return ReplaceByStandIn(copy, OpsOf(copy)[i], stand_in); },
            run_);
        if (!done) continue;
        changed = true;
        break;
      }
    }
    return changed;
  }

  bool ShrinkExtents() {
    bool changed = false;
    const std::set<int64_t> extents = StaticExtents(*module_);
    for (auto it = extents.rbegin(); it != extents.rend(); ++it) {
      for (int64_t to : Smaller(*it)) {
        const int64_t from = *it;
        const bool done =
            Try([&](mlir::ModuleOp copy) { return ReplaceExtent(copy, from, to), true; }, run_);
        if (!done) continue;
        changed = true;
        break;
      }
    }
    return changed;
  }

  mlir::OwningOpRef<mlir::ModuleOp> module_;
  CaseRun run_;
  const StillFails& still_fails_;
  int tries_;
};

}  // namespace

Case Shrink(mlir::ModuleOp module, const CaseRun& run, const StillFails& still_fails,
            int max_tries) {
  return Shrinker(module, run, still_fails, max_tries).Run();
}

int64_t NumOps(mlir::ModuleOp module) {
  int64_t count = 0;
  for (mlir::Operation* op : OpsOf(module)) count += IsGiven(op) ? 0 : 1;
  return count;
}

}  // namespace lathe::op_fuzz
