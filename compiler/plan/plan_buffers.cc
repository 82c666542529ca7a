// --lathe-plan-buffers: gives every result of every dispatch its place in one workspace, as
// expressions over the runtime symbols.
//
// Attributes: `buffers` on a dispatch, the offsets of its results in bytes; `workspace` on the
// entry, the total. Results that the entry returns live until its end, all others until their last
// reader. Programs run in the order of the block.
#include "compiler/plan/buffer_assignment.h"
#include "compiler/plan/buffers.h"
#include "compiler/plan/passes.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "ops/core/dialect.h"
#include "runtime/artifact/kernel_abi.h"

namespace lathe {
namespace {

struct PlanBuffers : mlir::PassWrapper<PlanBuffers, mlir::OperationPass<mlir::ModuleOp>> {
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(PlanBuffers)
  llvm::StringRef getArgument() const final { return "lathe-plan-buffers"; }
  llvm::StringRef getDescription() const final { return "place every buffer in one workspace"; }

  void runOnOperation() final {
    for (auto func : getOperation().getOps<mlir::func::FuncOp>()) {
      if (mlir::failed(Plan(func))) return signalPassFailure();
    }
  }

 private:
  mlir::LogicalResult Plan(mlir::func::FuncOp func) {
    std::vector<BufferUse> uses;
    if (mlir::failed(CollectBufferUses(func, uses))) return mlir::failure();
    std::vector<BufferRequest> requests;
    for (const BufferUse& use : uses)
      requests.push_back({use.unit, use.bytes_per_unit, use.first_use, use.last_use});
    BufferAssignment assignment = AssignBuffers(requests, kBufferAlignment);

    mlir::Builder builder(&getContext());
    llvm::MapVector<mlir::Operation*, llvm::SmallVector<mlir::Attribute>> offsets;
    for (size_t i = 0; i < uses.size(); ++i) {
      offsets[uses[i].value.getDefiningOp()].push_back(
          builder.getStringAttr(assignment.offsets[i].ToString()));
    }
    for (auto dispatch : func.front().getOps<DispatchOp>()) {
      dispatch->setAttr("buffers", builder.getArrayAttr(offsets.lookup(dispatch)));
    }
    func->setAttr("workspace", builder.getStringAttr(assignment.workspace.ToString()));
    return mlir::success();
  }
};

}  // namespace

std::unique_ptr<mlir::Pass> CreatePlanBuffersPass() { return std::make_unique<PlanBuffers>(); }

}  // namespace lathe
