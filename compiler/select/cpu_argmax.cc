// The choice of the largest of each row (compiler/lower/argmax.h).
#include "absl/strings/str_cat.h"
#include "compiler/lower/argmax.h"
#include "compiler/select/candidates.h"
#include "compiler/select/dispatch_view.h"
#include "ops/sampling/sampling_ops.h"
#include "runtime/base/status_macros.h"

namespace lathe {
namespace {

// Operands in the kernel's order, and the result.
struct Choice {
  llvm::SmallVector<mlir::Value> operands;
  mlir::Value ids;
  ArgmaxSpec spec;
};

absl::StatusOr<Choice> FindChoice(DispatchOp dispatch) {
  if (auto argmax = OnlyOp<ArgmaxOp>(dispatch))
    return Choice{{argmax.getX(), argmax.getLimits()}, argmax.getIds(), {}};
  auto by_blocks = OnlyOp<ArgmaxByBlocksOp>(dispatch);
  if (!by_blocks) return absl::FailedPreconditionError("the dispatch is not a single argmax");
  if (by_blocks.getBlock() != kArgmaxBlock) {
    return absl::FailedPreconditionError(absl::StrCat(
        "has no way to read maxima of ", by_blocks.getBlock(), " columns, only of ", kArgmaxBlock));
  }
  return Choice{{by_blocks.getX(), by_blocks.getMaxima(), by_blocks.getLimits()},
                by_blocks.getIds(),
                {.has_maxima = true}};
}

}  // namespace

absl::StatusOr<KernelChoice> MatchCpuArgmax(DispatchOp dispatch) {
  LATHE_ASSIGN_OR_RETURN(Choice found, FindChoice(dispatch));
  if (!llvm::hasSingleElement(dispatch.block().without_terminator()))
    return absl::FailedPreconditionError("there is something beside the argmax");
  KernelChoice choice;
  for (mlir::Value operand : found.operands) {
    LATHE_ASSIGN_OR_RETURN(Binding binding, InputBinding(dispatch, operand));
    choice.bindings.push_back(binding);
  }
  LATHE_ASSIGN_OR_RETURN(Binding ids, OutputBinding(dispatch, found.ids));
  choice.bindings.push_back(ids);
  ArgmaxSpec spec = found.spec;
  spec.columns = RowWidth(found.operands[0]);
  choice.key =
      absl::StrCat("argmax n=", spec.columns, spec.has_maxima ? " by maxima of blocks" : "");
  choice.dims = {Rows(found.operands[0])};
  choice.items.units = Rows(found.operands[0]);
  choice.emit = [spec](KernelBuilder& b, llvm::StringRef name) { EmitArgmax(b, name, spec); };
  return choice;
}

}  // namespace lathe
