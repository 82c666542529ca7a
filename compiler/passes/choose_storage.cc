// --lathe-choose-storage: how each weight and each cache is stored.
//
// precision=f32: weights as the checkpoint holds them (f16 widened to f32, which is exact), caches
// f32. precision=bf16: matrices bf16, caches bf16; vectors (norm weights, biases) stay as they are,
// being small and sensitive. weights=, embedding= and head= say otherwise of matrices by what they
// are for (storage_policy.h): int8 and int4 with a scale for each group of a row. Types change at
// the declaration and follow every use: weight ops, calls, layer arguments. The ops widen what they
// read, so nothing else changes.
#include "compiler/passes/passes.h"
#include "compiler/passes/weight_roles.h"
#include "llvm/ADT/SmallPtrSet.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/SymbolTable.h"
#include "ops/core/dialect.h"
#include "runtime/base/status_macros.h"

namespace lathe {
namespace {

struct ChooseStorage : mlir::PassWrapper<ChooseStorage, mlir::OperationPass<mlir::ModuleOp>> {
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(ChooseStorage)
  ChooseStorage() = default;
  explicit ChooseStorage(const StoragePolicy& policy) { Set(policy); }
  ChooseStorage(const ChooseStorage& other) : PassWrapper(other) { Set(other.Policy()); }
  llvm::StringRef getArgument() const final { return "lathe-choose-storage"; }
  llvm::StringRef getDescription() const final {
    return "choose the storage of weights and caches";
  }

  Option<std::string> precision{*this, "precision", llvm::cl::desc("f32 or bf16"),
                                llvm::cl::init("bf16")};
  Option<std::string> weights{*this, "weights", llvm::cl::desc("f32, bf16, int8 or int4"),
                              llvm::cl::init("")};
  Option<int64_t> group{*this, "group", llvm::cl::desc("elements that share a scale: 32 or 128"),
                        llvm::cl::init(32)};
  Option<std::string> embedding{*this, "embedding", llvm::cl::desc("as weights, of tables"),
                                llvm::cl::init("")};
  Option<std::string> head{*this, "head", llvm::cl::desc("as weights, of what makes the logits"),
                           llvm::cl::init("")};

  void runOnOperation() final {
    const StoragePolicy policy = Policy();
    if (absl::Status status = CheckPolicy(policy); !status.ok()) {
      getOperation().emitError() << std::string(status.message());
      return signalPassFailure();
    }
    getOperation()->setAttr("lathe.precision", mlir::StringAttr::get(&getContext(), precision));
    llvm::DenseMap<mlir::StringAttr, WeightRole> roles = FindWeightRoles(getOperation());
    llvm::DenseMap<mlir::StringAttr, mlir::RankedTensorType> types;
    for (auto param : getOperation().getOps<ParamOp>()) {
      auto type = StoredType(param, policy, roles.lookup(param.getSymNameAttr()));
      if (!type.ok()) {
        param.emitError() << param.getSymName() << ": " << std::string(type.status().message());
        return signalPassFailure();
      }
      param.setType(*type);
      types[param.getSymNameAttr()] = *type;
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
  void Set(const StoragePolicy& policy) {
    precision = policy.precision;
    weights = policy.weights;
    group = policy.group;
    embedding = policy.embedding;
    head = policy.head;
  }

  StoragePolicy Policy() const {
    return {.precision = precision,
            .weights = weights,
            .group = group,
            .embedding = embedding,
            .head = head};
  }

  absl::StatusOr<mlir::RankedTensorType> StoredType(ParamOp param, const StoragePolicy& policy,
                                                    const WeightRole& role) {
    auto type = llvm::cast<mlir::RankedTensorType>(param.getType());
    std::string word = precision;
    if (role.can_be_quantized()) {
      LATHE_ASSIGN_OR_RETURN(word, StorageOf(policy, role));
    }
    // A module that enters here again keeps what was chosen for it.
    if (GroupQuantOf(type)) return type;
    if (IsQuantized(word))
      return WithGroupQuant(type, {.bits = word == "int8" ? 8 : 4, .group = policy.group});
    mlir::Type element = type.getElementType();
    if (word == "bf16" && type.getRank() >= 2)
      return WithElement(type, mlir::BFloat16Type::get(&getContext()));
    return element.isF16() ? WithElement(type, mlir::Float32Type::get(&getContext())) : type;
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

std::unique_ptr<mlir::Pass> CreateChooseStoragePass(const StoragePolicy& policy) {
  return std::make_unique<ChooseStorage>(policy);
}

}  // namespace lathe
