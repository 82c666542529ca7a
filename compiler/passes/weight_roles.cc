#include "compiler/passes/weight_roles.h"

#include "llvm/ADT/SetVector.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/SymbolTable.h"
#include "ops/core/dialect.h"
#include "ops/embedding/embedding_ops.h"
#include "ops/linear/linear_ops.h"
#include "ops/moe/moe_ops.h"

namespace lathe {
namespace {

using Values = llvm::SetVector<mlir::Value>;

class RoleFinder {
 public:
  explicit RoleFinder(mlir::ModuleOp module) : module_(module), symbols_(module) {}

  llvm::DenseMap<mlir::StringAttr, WeightRole> Find() {
    FindHeads();
    llvm::DenseMap<mlir::StringAttr, WeightRole> roles;
    module_.walk([&](WeightOp weight) {
      AddReaders(weight.getValue(), roles[weight.getParamAttr().getAttr()]);
    });
    return roles;
  }

 private:
  mlir::func::FuncOp Callee(mlir::func::CallOp call) {
    auto callee = symbols_.lookup<mlir::func::FuncOp>(call.getCallee());
    return callee && !callee.isExternal() ? callee : mlir::func::FuncOp();
  }

  // The products behind which nothing but simpler ops stands between them and the logits.
  void FindHeads() {
    Values reached;
    for (auto entry : module_.getOps<mlir::func::FuncOp>()) {
      if (entry.isExternal()) continue;
      for (mlir::OpOperand& result : entry.front().getTerminator()->getOpOperands()) {
        auto name =
            entry.getResultAttrOfType<mlir::StringAttr>(result.getOperandNumber(), "lathe.name");
        if (name && name.getValue() == "logits") reached.insert(result.get());
      }
    }
    for (size_t i = 0; i < reached.size(); ++i) {  // grows
      auto result = llvm::dyn_cast<mlir::OpResult>(reached[i]);
      if (!result) continue;
      if (auto matmul = llvm::dyn_cast<MatmulOp>(result.getOwner())) {
        heads_.insert(matmul);
      } else if (auto call = llvm::dyn_cast<mlir::func::CallOp>(result.getOwner())) {
        if (auto callee = Callee(call))
          reached.insert(callee.front().getTerminator()->getOperand(result.getResultNumber()));
      } else {
        for (mlir::Value operand : result.getOwner()->getOperands()) reached.insert(operand);
      }
    }
  }

  void AddReaders(mlir::Value weight, WeightRole& role) {
    Values reached;
    reached.insert(weight);
    for (size_t i = 0; i < reached.size(); ++i) {  // grows
      for (mlir::OpOperand& use : reached[i].getUses()) AddReader(use, role, reached);
    }
  }

  void AddReader(mlir::OpOperand& use, WeightRole& role, Values& reached) {
    mlir::Operation* reader = use.getOwner();
    if (auto matmul = llvm::dyn_cast<MatmulOp>(reader); matmul && matmul.getWeight() == use.get()) {
      role.is_matrix = true;
      role.is_router |= llvm::any_of(matmul->getUsers(), llvm::IsaPred<MoeRouteOp>);
      role.is_head |= heads_.contains(reader);
    } else if (auto product = llvm::dyn_cast<GroupedMatmulOp>(reader);
               product && product.getWeight() == use.get()) {
      role.is_matrix = true;
    } else if (llvm::isa<EmbedOp>(reader)) {
      role.is_embedding = true;
    } else if (auto call = llvm::dyn_cast<mlir::func::CallOp>(reader); call && Callee(call)) {
      reached.insert(Callee(call).getArgument(use.getOperandNumber()));
    } else {
      role.is_other = true;
    }
  }

  mlir::ModuleOp module_;
  mlir::SymbolTable symbols_;
  llvm::SetVector<mlir::Operation*> heads_;
};

}  // namespace

llvm::DenseMap<mlir::StringAttr, WeightRole> FindWeightRoles(mlir::ModuleOp module) {
  return RoleFinder(module).Find();
}

}  // namespace lathe
