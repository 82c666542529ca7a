#include "compiler/select/cpu_head_matmul.h"

#include "compiler/select/row_translator.h"
#include "ops/elementwise/elementwise_ops.h"
#include "runtime/base/status_macros.h"

namespace lathe {
namespace {

// What a reshape says: [rows, heads * head_dim] to [rows, heads, head_dim].
absl::StatusOr<int64_t> HeadDim(mlir::Value product) {
  for (mlir::Operation* user : product.getUsers()) {
    auto reshape = llvm::dyn_cast<ReshapeOp>(user);
    if (!reshape) continue;
    auto type = llvm::cast<mlir::RankedTensorType>(reshape.getType());
    if (type.getRank() == 3) return type.getDimSize(2);
  }
  return absl::FailedPreconditionError("a product is not split into heads");
}

}  // namespace

absl::Status BindHeadSteps(DispatchOp dispatch, llvm::ArrayRef<MatmulOp> matmuls, MatmulSpec& spec,
                           KernelChoice& choice) {
  RowTranslator translator(dispatch, choice.bindings);
  for (MatmulOp matmul : matmuls) {
    LATHE_ASSIGN_OR_RETURN(int64_t head_dim, HeadDim(matmul.getY()));
    translator.AddHeads(matmul.getY(), head_dim);
  }
  for (mlir::Operation& op : dispatch.block().without_terminator()) {
    // A norm of the rows stands before the matmuls, and is their own.
    if (llvm::isa<MatmulOp>(op) || op.isBeforeInBlock(matmuls.front())) continue;
    LATHE_RETURN_IF_ERROR(translator.Translate(&op));
  }
  LATHE_RETURN_IF_ERROR(translator.StoreResults());
  spec.epilogue = MatmulEpilogue::kHeadSteps;
  spec.head_steps = translator.programs();
  choice.dims = translator.Dims();
  return absl::OkStatus();
}

}  // namespace lathe
