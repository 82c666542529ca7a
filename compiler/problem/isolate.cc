#include "compiler/problem/isolate.h"

#include <map>
#include <set>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "compiler/select/dispatch_view.h"
#include "llvm/ADT/DenseMap.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/IR/Verifier.h"
#include "ops/attention/attention_ops.h"
#include "runtime/base/check.h"
#include "runtime/base/status_macros.h"

namespace lathe {
namespace {

// What later phases decided; they decide anew.
constexpr llvm::StringLiteral kLaterAttributes[] = {"buffers", "symbols"};

// Layers in an entry need two.
constexpr int kMaxCallDepth = 64;

// A step of decoding: one row of one sequence that has a few hundred tokens behind it.
constexpr int64_t kExampleCachedKeys = 512;

// Collects the symbols on which shapes and costs of a problem depend.
class Symbols {
 public:
  void AddType(mlir::Type type) {
    if (llvm::isa<KvLayerType>(type)) {
      names_.insert("cached_keys");
      names_.insert("sequences");
    }
    auto tensor = llvm::dyn_cast<mlir::RankedTensorType>(type);
    if (!tensor || tensor.hasStaticShape()) return;
    for (const Extent& extent : Extents(tensor)) {
      if (!extent.is_static()) names_.insert(extent.symbol.str());
    }
  }

  mlir::DictionaryAttr Example(mlir::Builder& builder) const {
    llvm::SmallVector<mlir::NamedAttribute> values;
    for (const std::string& name : names_) {
      const int64_t value = name == "cached_keys" ? kExampleCachedKeys : 1;
      values.push_back(builder.getNamedAttr(name, builder.getI64IntegerAttr(value)));
    }
    return builder.getDictionaryAttr(values);
  }

 private:
  std::set<std::string> names_;
};

// Builds the module around a copy of one dispatch.
class Isolation {
 public:
  Isolation(DispatchOp dispatch, const CallSites& calls)
      : dispatch_(dispatch),
        source_(dispatch->getParentOfType<mlir::ModuleOp>()),
        calls_(calls),
        builder_(dispatch->getContext()),
        module_(mlir::ModuleOp::create(dispatch.getLoc())) {}

  absl::StatusOr<mlir::OwningOpRef<mlir::ModuleOp>> Run() {
    for (const mlir::NamedAttribute& attribute : source_->getDiscardableAttrs())
      module_->getOperation()->setDiscardableAttr(attribute.getName(), attribute.getValue());
    builder_.setInsertionPointToEnd(module_->getBody());
    step_ = mlir::func::FuncOp::create(builder_, dispatch_.getLoc(), "step",
                                       builder_.getFunctionType({}, {}));
    builder_.setInsertionPointToStart(step_.addEntryBlock());
    for (auto [number, operand] : llvm::enumerate(dispatch_.getInputs())) {
      symbols_.AddType(operand.getType());
      LATHE_ASSIGN_OR_RETURN(mlir::Value value, Provide(static_cast<int64_t>(number), operand));
      mapping_.map(operand, value);
    }
    Return(llvm::cast<DispatchOp>(builder_.clone(*dispatch_, mapping_)));
    module_->getOperation()->setAttr(kExampleAttribute, symbols_.Example(builder_));
    if (mlir::failed(mlir::verify(*module_)))
      return absl::InternalError(absl::StrCat("dispatch ", dispatch_.getName().str(),
                                              " alone does not make a valid module"));
    return std::move(module_);
  }

 private:
  // Operand `number` of the dispatch in the new entry.
  absl::StatusOr<mlir::Value> Provide(int64_t number, mlir::Value operand) {
    mlir::Value origin = calls_.Origin(operand);
    if (auto known = provided_.find(origin); known != provided_.end()) return known->second;
    mlir::Value value;
    if (auto weight = origin.getDefiningOp<WeightOp>()) {
      LATHE_ASSIGN_OR_RETURN(value, Weight(number, weight));
    } else if (auto constant = origin.getDefiningOp<ConstantOp>()) {
      value = builder_.clone(*constant)->getResult(0);
    } else if (auto layer = origin.getDefiningOp<CacheLayerOp>()) {
      mlir::IRMapping cache;
      cache.map(layer.getCache(), Cache(llvm::cast<KvCacheType>(layer.getCache().getType())));
      value = builder_.clone(*layer, cache)->getResult(0);
    } else {
      value = Argument(NameOfInput(number, origin), operand.getType());
    }
    provided_[origin] = value;
    return value;
  }

  absl::StatusOr<mlir::Value> Weight(int64_t number, WeightOp weight) {
    auto param = source_.lookupSymbol<ParamOp>(weight.getParam());
    if (!module_->lookupSymbol(weight.getParam())) {
      mlir::OpBuilder::InsertionGuard guard(builder_);
      builder_.setInsertionPoint(step_);
      mlir::Operation* copy = builder_.clone(*param);
      // How other dispatches read a weight decides how it is stored, and they stay behind.
      LATHE_ASSIGN_OR_RETURN(std::string layout, StoredLayout(dispatch_, number));
      if (layout != "rows") copy->setAttr(kPackedAttribute, builder_.getUnitAttr());
    }
    return builder_.clone(*weight)->getResult(0);
  }

  mlir::Value Cache(KvCacheType type) {
    auto [it, is_new] = caches_.try_emplace(type.getName().str());
    if (is_new) it->second = Argument(type.getName(), type);
    return it->second;
  }

  mlir::Value Argument(llvm::StringRef name, mlir::Type type) {
    const unsigned number = step_.getNumArguments();
    mlir::NamedAttribute attribute =
        builder_.getNamedAttr("lathe.name", builder_.getStringAttr(name));
    LATHE_CHECK(mlir::succeeded(step_.insertArgument(
        number, type, builder_.getDictionaryAttr({attribute}), dispatch_.getLoc())))
        << "an argument is always accepted";
    return step_.getArgument(number);
  }

  // Inputs of the model keep their names, so that it is known what they mean.
  static std::string NameOfInput(int64_t number, mlir::Value origin) {
    if (auto argument = llvm::dyn_cast<mlir::BlockArgument>(origin)) {
      if (auto func = llvm::dyn_cast<mlir::func::FuncOp>(argument.getOwner()->getParentOp())) {
        auto name = func.getArgAttrOfType<mlir::StringAttr>(argument.getArgNumber(), "lathe.name");
        if (name && func.isPublic()) return name.getValue().str();
      }
    }
    // Integers of other dispatches say what they count, so that it is known which make sense.
    const std::string name = ResultName(origin);
    const bool is_integer = mlir::getElementTypeOrSelf(origin.getType()).isInteger();
    return is_integer && !name.empty() ? absl::StrCat(name, ".", number)
                                       : absl::StrCat("operand", number);
  }

  // What dumps call the value, "ends"; "" where they have no name for it.
  static std::string ResultName(mlir::Value value) {
    if (auto dispatch = value.getDefiningOp<DispatchOp>()) {
      const auto number = llvm::cast<mlir::OpResult>(value).getResultNumber();
      value = dispatch.yield().getValues()[number];
    }
    auto op = llvm::dyn_cast_if_present<mlir::OpAsmOpInterface>(value.getDefiningOp());
    std::string found;
    if (op) {
      op.getAsmResultNames([&](mlir::Value result, llvm::StringRef name) {
        if (result == value) found = name.str();
      });
    }
    return found;
  }

  void Return(DispatchOp copy) {
    for (llvm::StringRef name : kLaterAttributes) copy->removeAttr(name);
    llvm::SmallVector<mlir::DictionaryAttr> names;
    for (auto [number, result] : llvm::enumerate(copy.getResults())) {
      symbols_.AddType(result.getType());
      const std::string name = absl::StrCat("result", number);
      names.push_back(builder_.getDictionaryAttr(
          builder_.getNamedAttr("lathe.name", builder_.getStringAttr(name))));
    }
    mlir::func::ReturnOp::create(builder_, dispatch_.getLoc(), copy.getResults());
    step_.setFunctionType(
        builder_.getFunctionType(step_.getArgumentTypes(), copy.getResultTypes()));
    step_.setAllResultAttrs(names);
  }

  DispatchOp dispatch_;
  mlir::ModuleOp source_;
  const CallSites& calls_;
  mlir::OpBuilder builder_;
  mlir::OwningOpRef<mlir::ModuleOp> module_;
  mlir::func::FuncOp step_;
  mlir::IRMapping mapping_;
  Symbols symbols_;
  llvm::DenseMap<mlir::Value, mlir::Value> provided_;  // by origin
  std::map<std::string, mlir::Value> caches_;
};

}  // namespace

CallSites::CallSites(mlir::ModuleOp module) {
  module.walk([&](mlir::func::CallOp call) { first_.try_emplace(call.getCallee(), call); });
}

mlir::Value CallSites::Origin(mlir::Value value) const {
  // A module that was not checked may call itself.
  for (int depth = 0; depth < kMaxCallDepth; ++depth) {
    auto argument = llvm::dyn_cast<mlir::BlockArgument>(value);
    if (!argument) break;
    auto func = llvm::dyn_cast<mlir::func::FuncOp>(argument.getOwner()->getParentOp());
    auto call = func ? first_.find(func.getName()) : first_.end();
    if (call == first_.end()) break;
    mlir::func::CallOp site = call->second;
    if (argument.getArgNumber() >= site.getNumOperands()) break;
    value = site.getOperand(argument.getArgNumber());
  }
  return value;
}

absl::StatusOr<mlir::OwningOpRef<mlir::ModuleOp>> Isolate(DispatchOp dispatch,
                                                          const CallSites& calls) {
  return Isolation(dispatch, calls).Run();
}

}  // namespace lathe
