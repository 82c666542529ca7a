#include "compiler/pipeline/contracts.h"

#include "compiler/passes/fusion_rules.h"
#include "compiler/plan/plan_check.h"
#include "llvm/ADT/SetVector.h"
#include "llvm/ADT/StringSet.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/SymbolTable.h"
#include "mlir/IR/Verifier.h"
#include "ops/core/dialect.h"
#include "ops/core/extent.h"

namespace lathe {
namespace {

// A breach: an error at `op` that names the phase whose promise broke.
mlir::InFlightDiagnostic Breach(mlir::Operation* op, Phase phase) {
  absl::string_view name = PhaseName(phase);
  return op->emitError() << "after phase " << llvm::StringRef(name.data(), name.size()) << ": ";
}

bool IsGraphOp(mlir::Operation* op) {
  return llvm::isa<mlir::func::FuncDialect, LatheDialect>(op->getDialect());
}

// Only functions, params and (after lower) modules of kernels stand at the top.
mlir::LogicalResult VerifyTopLevel(Phase phase, mlir::ModuleOp module) {
  for (mlir::Operation& op : *module.getBody()) {
    bool is_kernels = phase >= Phase::kLower && llvm::isa<mlir::ModuleOp>(op);
    if (!llvm::isa<mlir::func::FuncOp, ParamOp>(op) && !is_kernels) {
      return Breach(&op, phase) << "'" << op.getName() << "' may not stand at the top level";
    }
  }
  if (!module.lookupSymbol<mlir::func::FuncOp>("step")) {
    return Breach(module, phase) << "there is no entry @step";
  }
  return mlir::success();
}

// Caches, tensors whose dynamic extents all have names, and quantised weights.
bool IsGraphType(mlir::Type type) {
  if (llvm::isa<KvCacheType, KvLayerType>(type)) return true;
  return IsStorable(type);
}

mlir::LogicalResult VerifyTypes(Phase phase, mlir::Operation* op, mlir::TypeRange types) {
  for (mlir::Type type : types) {
    if (!IsGraphType(type))
      return Breach(op, phase) << type << " is neither a cache nor a tensor of named extents";
  }
  return mlir::success();
}

mlir::LogicalResult VerifyGraphOps(Phase phase, mlir::func::FuncOp func) {
  if (!llvm::hasSingleElement(func.getBody()))
    return Breach(func, phase) << "function @" << func.getName() << " has more than one block";
  if (mlir::failed(VerifyTypes(phase, func, func.getArgumentTypes()))) return mlir::failure();
  mlir::WalkResult result = func.walk([&](mlir::Operation* op) {
    if (!IsGraphOp(op)) {
      Breach(op, phase) << "'" << op->getName() << "' is not an op of the graph level";
      return mlir::WalkResult::interrupt();
    }
    return mlir::failed(VerifyTypes(phase, op, op->getResultTypes()))
               ? mlir::WalkResult::interrupt()
               : mlir::WalkResult::advance();
  });
  return mlir::failure(result.wasInterrupted());
}

// What the runner binds by name: tensors and cache groups in, tensors out.
mlir::LogicalResult VerifyEntry(Phase phase, mlir::func::FuncOp func) {
  llvm::StringSet<> names;
  auto check = [&](mlir::StringAttr name, const std::string& what) -> mlir::LogicalResult {
    if (!name) return Breach(func, phase) << what << " has no lathe.name";
    if (names.insert(name.getValue()).second) return mlir::success();
    return Breach(func, phase) << what << " has the name '" << name.getValue()
                               << "' of another one";
  };
  for (mlir::BlockArgument argument : func.getArguments()) {
    unsigned number = argument.getArgNumber();
    std::string what = "argument " + std::to_string(number);
    if (llvm::isa<KvLayerType>(argument.getType()))
      return Breach(func, phase) << what << " of an entry is a cache layer, expected its group";
    auto name = func.getArgAttrOfType<mlir::StringAttr>(number, "lathe.name");
    if (mlir::failed(check(name, what))) return mlir::failure();
  }
  for (auto [index, type] : llvm::enumerate(func.getResultTypes())) {
    auto number = static_cast<unsigned>(index);
    std::string what = "result " + std::to_string(number);
    if (!llvm::isa<mlir::RankedTensorType>(type))
      return Breach(func, phase) << what << " of an entry is not a tensor";
    auto name = func.getResultAttrOfType<mlir::StringAttr>(number, "lathe.name");
    if (mlir::failed(check(name, what))) return mlir::failure();
  }
  return mlir::success();
}

// The call graph has no cycle, or inlining would not end.
mlir::LogicalResult VerifyCalls(Phase phase, mlir::ModuleOp module) {
  mlir::SymbolTable symbols(module);
  for (auto root : module.getOps<mlir::func::FuncOp>()) {
    llvm::SetVector<mlir::func::FuncOp> reached;
    llvm::SmallVector<mlir::func::FuncOp> todo = {root};
    while (!todo.empty()) {
      mlir::func::FuncOp func = todo.pop_back_val();
      mlir::WalkResult walk = func.walk([&](mlir::func::CallOp call) {
        auto callee = symbols.lookup<mlir::func::FuncOp>(call.getCallee());
        if (!callee || callee.isExternal() || callee == root) {
          Breach(call, phase) << (callee == root ? "recursion through @" : "no body for @")
                              << call.getCallee();
          return mlir::WalkResult::interrupt();
        }
        if (reached.insert(callee)) todo.push_back(callee);
        return mlir::WalkResult::advance();
      });
      if (walk.wasInterrupted()) return mlir::failure();
    }
  }
  return mlir::success();
}

mlir::LogicalResult VerifyNoDispatch(Phase phase, mlir::func::FuncOp func) {
  mlir::WalkResult result = func.walk([&](DispatchOp dispatch) {
    Breach(dispatch, phase) << "dispatch '" << dispatch.getName() << "' stands before phase fuse";
    return mlir::WalkResult::interrupt();
  });
  return mlir::failure(result.wasInterrupted());
}

mlir::LogicalResult VerifyPlaced(mlir::ModuleOp module) {
  auto mesh = module->getAttrOfType<mlir::DenseI64ArrayAttr>("lathe.mesh");
  if (!mesh) return Breach(module, Phase::kPlace) << "attribute lathe.mesh is missing";
  for (int64_t extent : mesh.asArrayRef()) {
    if (extent != 1)
      return Breach(module, Phase::kPlace)
             << "only one device is supported, the mesh has " << extent;
  }
  return mlir::success();
}

mlir::LogicalResult VerifyStorage(mlir::ModuleOp module) {
  if (!module->getAttrOfType<mlir::StringAttr>("lathe.precision")) {
    return Breach(module, Phase::kQuantize) << "attribute lathe.precision is missing";
  }
  for (auto param : module.getOps<ParamOp>()) {
    mlir::Type element = llvm::cast<mlir::RankedTensorType>(param.getType()).getElementType();
    if (!element.isF32() && !element.isBF16()) {
      return Breach(param, Phase::kQuantize) << "no kernel reads weights of type " << element;
    }
  }
  return mlir::success();
}

mlir::LogicalResult VerifyFused(Phase phase, mlir::func::FuncOp func) {
  for (mlir::Operation& op : func.front()) {
    if (!IsStructural(&op))
      return Breach(&op, phase) << "'" << op.getName() << "' is in no dispatch";
  }
  return mlir::success();
}

mlir::LogicalResult VerifyDispatches(Phase phase, mlir::func::FuncOp func) {
  mlir::WalkResult result = func.walk([&](DispatchOp dispatch) {
    if (!dispatch->getAttrOfType<mlir::DictionaryAttr>("kernels")) {
      Breach(dispatch, phase) << "dispatch '" << dispatch.getName()
                              << "' has no kernel (attribute kernels)";
      return mlir::WalkResult::interrupt();
    }
    if (phase >= Phase::kLower && !dispatch->getAttrOfType<mlir::DictionaryAttr>("symbols")) {
      Breach(dispatch, phase) << "dispatch '" << dispatch.getName()
                              << "' has no kernel body (attribute symbols)";
      return mlir::WalkResult::interrupt();
    }
    return mlir::WalkResult::advance();
  });
  return mlir::failure(result.wasInterrupted());
}

mlir::LogicalResult VerifyFlat(mlir::func::FuncOp func) {
  if (func.isPrivate())
    return Breach(func, Phase::kPlan) << "layer function @" << func.getName() << " was not inlined";
  auto calls = func.front().getOps<mlir::func::CallOp>();
  if (!calls.empty()) return Breach(*calls.begin(), Phase::kPlan) << "a call is left";
  return VerifyBufferPlan(func);
}

}  // namespace

mlir::LogicalResult VerifyContract(Phase phase, mlir::ModuleOp module) {
  if (mlir::failed(mlir::verify(module))) return mlir::failure();
  if (mlir::failed(VerifyTopLevel(phase, module))) return mlir::failure();
  if (phase < Phase::kPlan && mlir::failed(VerifyCalls(phase, module))) return mlir::failure();
  if (phase >= Phase::kPlace && mlir::failed(VerifyPlaced(module))) return mlir::failure();
  if (phase >= Phase::kQuantize && mlir::failed(VerifyStorage(module))) return mlir::failure();
  for (auto func : module.getOps<mlir::func::FuncOp>()) {
    if (func.isExternal())
      return Breach(func, phase) << "function @" << func.getName() << " has no body";
    if (mlir::failed(VerifyGraphOps(phase, func))) return mlir::failure();
    if (func.isPublic() && mlir::failed(VerifyEntry(phase, func))) return mlir::failure();
    if (phase < Phase::kFuse && mlir::failed(VerifyNoDispatch(phase, func))) return mlir::failure();
    if (phase >= Phase::kFuse && mlir::failed(VerifyFused(phase, func))) return mlir::failure();
    if (phase >= Phase::kSelect && mlir::failed(VerifyDispatches(phase, func)))
      return mlir::failure();
    if (phase >= Phase::kPlan && mlir::failed(VerifyFlat(func))) return mlir::failure();
  }
  return mlir::success();
}

}  // namespace lathe
