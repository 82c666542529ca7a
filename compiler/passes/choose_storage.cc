// --lathe-choose-storage: how each weight and each cache is stored.
//
// precision=f32: weights as the checkpoint holds them (f16 widened to f32, which is exact), caches
// f32. precision=bf16: matrices bf16, caches bf16; vectors (norm weights, biases) stay as they are,
// being small and sensitive. Types change at the declaration and follow every use: weight ops,
// calls, layer arguments. The ops widen what they read, so nothing else changes.
#include "compiler/passes/passes.h"
#include "llvm/ADT/SmallPtrSet.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/SymbolTable.h"
#include "ops/core/dialect.h"

namespace lathe {
namespace {

struct ChooseStorage : mlir::PassWrapper<ChooseStorage, mlir::OperationPass<mlir::ModuleOp>> {
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(ChooseStorage)
  ChooseStorage() = default;
  explicit ChooseStorage(std::string value) { precision = std::move(value); }
  ChooseStorage(const ChooseStorage& other) : PassWrapper(other) { precision = other.precision; }
  llvm::StringRef getArgument() const final { return "lathe-choose-storage"; }
  llvm::StringRef getDescription() const final {
    return "choose the storage of weights and caches";
  }

  Option<std::string> precision{*this, "precision", llvm::cl::desc("f32 or bf16"),
                                llvm::cl::init("bf16")};

  void runOnOperation() final {
    if (precision != "f32" && precision != "bf16") {
      getOperation().emitError() << "precision '" << precision
                                 << "' is not known; f32 and bf16 are";
      return signalPassFailure();
    }
    getOperation()->setAttr("lathe.precision", mlir::StringAttr::get(&getContext(), precision));
    llvm::DenseMap<mlir::StringAttr, mlir::RankedTensorType> types;
    for (auto param : getOperation().getOps<ParamOp>()) {
      auto type = llvm::cast<mlir::RankedTensorType>(param.getType());
      type = type.clone(StorageOf(type));
      param.setType(type);
      types[param.getSymNameAttr()] = type;
    }
    getOperation().walk([&](WeightOp weight) {
      weight.getResult().setType(types.lookup(weight.getParamAttr().getAttr()));
    });
    for (auto func : getOperation().getOps<mlir::func::FuncOp>()) {
      for (mlir::BlockArgument argument : func.getArguments())
        argument.setType(WithCacheDtype(argument.getType()));
      func.walk([&](mlir::Operation* op) {
        for (mlir::Value result : op->getResults())
          result.setType(WithCacheDtype(result.getType()));
      });
    }
    if (mlir::failed(PropagateThroughCalls())) signalPassFailure();
  }

 private:
  mlir::Type StorageOf(mlir::RankedTensorType type) {
    mlir::Type element = type.getElementType();
    if (precision == "bf16" && type.getRank() >= 2) return mlir::BFloat16Type::get(&getContext());
    return element.isF16() ? mlir::Float32Type::get(&getContext()) : element;
  }

  mlir::Type WithCacheDtype(mlir::Type type) {
    mlir::Type dtype = precision == "bf16" ? mlir::Type(mlir::BFloat16Type::get(&getContext()))
                                           : mlir::Type(mlir::Float32Type::get(&getContext()));
    if (auto cache = llvm::dyn_cast<KvCacheType>(type)) {
      return KvCacheType::get(&getContext(), cache.getName(), cache.getLayers(), cache.getKvHeads(),
                              cache.getHeadDim(), dtype, cache.getPage(), cache.getWindow());
    }
    if (auto layer = llvm::dyn_cast<KvLayerType>(type)) {
      return KvLayerType::get(&getContext(), layer.getKvHeads(), layer.getHeadDim(), dtype,
                              layer.getPage(), layer.getWindow());
    }
    return type;
  }

  // Arguments take the types of the operands; calls of one layer function must agree, which they do
  // unless the checkpoint stores the same vector in different types in different layers, and then
  // the layers are different functions.
  mlir::LogicalResult PropagateThroughCalls() {
    mlir::SymbolTable symbols(getOperation());
    llvm::SmallVector<std::pair<mlir::func::CallOp, mlir::func::FuncOp>> calls;
    getOperation().walk([&](mlir::func::CallOp call) {
      auto callee = symbols.lookup<mlir::func::FuncOp>(call.getCallee());
      if (callee && !callee.isExternal()) calls.emplace_back(call, callee);
    });
    // A layer that calls functions itself hands on what it gets, so types settle after as many
    // rounds as calls are nested. The first call of a function decides.
    bool changed = true;
    for (size_t round = 0; changed && round < calls.size(); ++round) {
      changed = false;
      llvm::SmallPtrSet<mlir::Operation*, 8> decided;
      for (auto [call, callee] : calls) {
        if (decided.insert(callee).second) changed |= TakeTypes(callee, call);
      }
    }
    for (auto [call, callee] : calls) {
      if (llvm::equal(callee.front().getArgumentTypes(), call.getOperandTypes())) continue;
      return call.emitError() << "weights of @" << callee.getName()
                              << " have other types here than at its first call";
    }
    for (auto func : getOperation().getOps<mlir::func::FuncOp>()) {
      if (func.isExternal()) continue;
      func.setFunctionType(
          mlir::FunctionType::get(&getContext(), func.front().getArgumentTypes(),
                                  func.front().getTerminator()->getOperandTypes()));
    }
    return mlir::success();
  }

  // Whether any argument changed.
  static bool TakeTypes(mlir::func::FuncOp callee, mlir::func::CallOp call) {
    bool changed = false;
    for (auto [argument, operand] : llvm::zip_equal(callee.getArguments(), call.getOperands())) {
      changed |= argument.getType() != operand.getType();
      argument.setType(operand.getType());
    }
    return changed;
  }
};

}  // namespace

std::unique_ptr<mlir::Pass> CreateChooseStoragePass(std::string precision) {
  return std::make_unique<ChooseStorage>(std::move(precision));
}

}  // namespace lathe
