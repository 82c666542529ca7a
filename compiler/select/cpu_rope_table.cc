// The tables of rotary embedding (compiler/lower/rope_table.h).
#include "absl/strings/str_cat.h"
#include "compiler/lower/rope_table.h"
#include "compiler/select/candidates.h"
#include "compiler/select/dispatch_view.h"
#include "ops/rotary/rotary_ops.h"
#include "runtime/base/status_macros.h"

namespace lathe {

absl::StatusOr<KernelChoice> MatchCpuRopeTable(DispatchOp dispatch) {
  auto table = OnlyOp<RopeTableOp>(dispatch);
  if (!table || !llvm::hasSingleElement(dispatch.block().without_terminator())) {
    return absl::FailedPreconditionError("the dispatch is not a single rope_table");
  }
  RopeTableSpec spec{
      .count = llvm::cast<mlir::RankedTensorType>(table.getInvFreq().getType()).getDimSize(0),
      .scaling = static_cast<float>(table.getScaling().convertToDouble())};
  KernelChoice choice;
  for (mlir::Value operand : {table.getPositions(), table.getInvFreq()}) {
    LATHE_ASSIGN_OR_RETURN(Binding binding, InputBinding(dispatch, operand));
    choice.bindings.push_back(binding);
  }
  for (mlir::Value result : {table.getCos(), table.getSin()}) {
    LATHE_ASSIGN_OR_RETURN(Binding binding, OutputBinding(dispatch, result));
    choice.bindings.push_back(binding);
  }
  // Hex, so that no two scalings print alike.
  choice.key = absl::StrCat("rope_table n=", spec.count,
                            " scaling=", absl::Hex(llvm::bit_cast<uint32_t>(spec.scaling)));
  choice.dims = {Rows(table.getPositions())};
  choice.items.units = Rows(table.getPositions());
  choice.emit = [spec](KernelBuilder& b, llvm::StringRef name) { EmitRopeTable(b, name, spec); };
  return choice;
}

}  // namespace lathe
