// The choice of tokens as their requests want them (compiler/lower/sample.h).
#include "absl/strings/str_cat.h"
#include "compiler/lower/sample.h"
#include "compiler/select/candidates.h"
#include "compiler/select/dispatch_view.h"
#include "ops/sampling/sampling_ops.h"
#include "runtime/base/status_macros.h"

namespace lathe {

absl::StatusOr<KernelChoice> MatchCpuSample(DispatchOp dispatch) {
  auto sample = OnlyOp<SampleOp>(dispatch);
  if (!sample) return absl::FailedPreconditionError("the dispatch is not a single sample");
  if (!llvm::hasSingleElement(dispatch.block().without_terminator()))
    return absl::FailedPreconditionError("there is something beside the sample");
  KernelChoice choice;
  for (mlir::Value operand : sample->getOperands()) {
    LATHE_ASSIGN_OR_RETURN(Binding binding, InputBinding(dispatch, operand));
    choice.bindings.push_back(binding);
  }
  LATHE_ASSIGN_OR_RETURN(Binding ids, OutputBinding(dispatch, sample.getIds()));
  choice.bindings.push_back(ids);
  const SampleSpec spec{.columns = RowWidth(sample.getX())};
  choice.key = absl::StrCat("sample n=", spec.columns);
  choice.dims = {Rows(sample.getX())};
  choice.items.units = Rows(sample.getX());
  choice.scratch_bytes = SampleScratchBytes(spec);
  choice.emit = [spec](KernelBuilder& b, llvm::StringRef name) { EmitSample(b, name, spec); };
  return choice;
}

}  // namespace lathe
