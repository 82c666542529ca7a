// Chains of row-by-row ops as one loop over rows (compiler/lower/rowwise.h).
#include "compiler/lower/rowwise.h"
#include "compiler/select/candidates.h"
#include "compiler/select/row_translator.h"
#include "runtime/base/status_macros.h"

namespace lathe {

// The order of the region is the order of the program.
absl::StatusOr<KernelChoice> MatchCpuRowwise(DispatchOp dispatch) {
  KernelChoice choice;
  RowTranslator translator(dispatch, choice.bindings);
  translator.AddRows();
  for (mlir::Operation& op : dispatch.block().without_terminator())
    LATHE_RETURN_IF_ERROR(translator.Translate(&op));
  if (!translator.rows()) return absl::FailedPreconditionError("there is no row-by-row op");
  LATHE_RETURN_IF_ERROR(translator.StoreResults());
  const RowProgram program = translator.programs().front();
  choice.key = program.Key();
  choice.dims = translator.Dims();
  choice.items.units = *translator.rows();
  choice.scratch_bytes = RowwiseScratchBytes(program);
  choice.emit = [program](KernelBuilder& b, llvm::StringRef name) {
    EmitRowwise(b, name, program);
  };
  return choice;
}

}  // namespace lathe
