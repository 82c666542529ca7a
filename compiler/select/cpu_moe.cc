// What a mixture of experts needs around its products (compiler/lower/moe.h).
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "compiler/lower/moe.h"
#include "compiler/select/candidates.h"
#include "compiler/select/dispatch_view.h"
#include "ops/moe/moe_ops.h"
#include "runtime/base/status_macros.h"

namespace lathe {
namespace {

// The only op of the dispatch.
template <typename Op>
absl::StatusOr<Op> Alone(DispatchOp dispatch) {
  Op op = OnlyOp<Op>(dispatch);
  const std::string name = Op::getOperationName().drop_front(sizeof("lathe.") - 1).str();
  if (!op)
    return absl::FailedPreconditionError(absl::StrCat("the dispatch is not a single ", name));
  if (!llvm::hasSingleElement(dispatch.block().without_terminator()))
    return absl::FailedPreconditionError(absl::StrCat("there is something beside the ", name));
  return op;
}

// All operands of `op`, then all of its results, and rows of `x` as items.
absl::StatusOr<KernelChoice> Bound(DispatchOp dispatch, mlir::Operation* op, mlir::Value x) {
  KernelChoice choice;
  for (mlir::Value operand : op->getOperands()) {
    LATHE_ASSIGN_OR_RETURN(Binding binding, InputBinding(dispatch, operand));
    choice.bindings.push_back(binding);
  }
  for (mlir::Value result : op->getResults()) {
    LATHE_ASSIGN_OR_RETURN(Binding binding, OutputBinding(dispatch, result));
    choice.bindings.push_back(binding);
  }
  choice.dims = {Rows(x)};
  choice.items.units = Rows(x);
  return choice;
}

}  // namespace

absl::StatusOr<KernelChoice> MatchCpuMoeRoute(DispatchOp dispatch) {
  LATHE_ASSIGN_OR_RETURN(MoeRouteOp route, Alone<MoeRouteOp>(dispatch));
  LATHE_ASSIGN_OR_RETURN(KernelChoice choice, Bound(dispatch, route, route.getScores()));
  const bool is_sigmoid = route.getScore() == "sigmoid";
  const MoeRouteSpec spec{
      .routing = {.num_experts = static_cast<int32_t>(RowWidth(route.getScores())),
                  .top_k = static_cast<int32_t>(route.getTopK()),
                  .score = is_sigmoid ? moe::Score::kSigmoid : moe::Score::kSoftmax,
                  .normalize = route.getNormalize(),
                  .scale = static_cast<float>(route.getScale().convertToDouble())},
      .has_bias = static_cast<bool>(route.getBias())};
  choice.key = absl::StrFormat("moe_route %d of %d by %s%s%s scale=%.9g", spec.routing.top_k,
                               spec.routing.num_experts, route.getScore().str(),
                               spec.routing.normalize ? " normalized" : "",
                               spec.has_bias ? " bias" : "", spec.routing.scale);
  choice.scratch_bytes = MoeRouteScratchBytes(spec);
  choice.emit = [spec](KernelBuilder& b, llvm::StringRef name) { EmitMoeRoute(b, name, spec); };
  return choice;
}

absl::StatusOr<KernelChoice> MatchCpuMoeDispatch(DispatchOp dispatch) {
  LATHE_ASSIGN_OR_RETURN(MoeDispatchOp sort, Alone<MoeDispatchOp>(dispatch));
  LATHE_ASSIGN_OR_RETURN(KernelChoice choice, Bound(dispatch, sort, sort.getExperts()));
  const MoeDispatchSpec spec{.num_experts = static_cast<int64_t>(sort.getNumExperts()),
                             .top_k = RowWidth(sort.getExperts())};
  choice.key = absl::StrCat("moe_dispatch ", spec.top_k, " among ", spec.num_experts);
  choice.items = {};  // one: a sort is a walk over all
  choice.emit = [spec](KernelBuilder& b, llvm::StringRef name) { EmitMoeDispatch(b, name, spec); };
  return choice;
}

absl::StatusOr<KernelChoice> MatchCpuMoeCombine(DispatchOp dispatch) {
  LATHE_ASSIGN_OR_RETURN(MoeCombineOp combine, Alone<MoeCombineOp>(dispatch));
  LATHE_ASSIGN_OR_RETURN(KernelChoice choice, Bound(dispatch, combine, combine.getWeights()));
  const MoeCombineSpec spec{.top_k = RowWidth(combine.getWeights()),
                            .columns = RowWidth(combine.getY())};
  choice.key = absl::StrCat("moe_combine ", spec.top_k, " n=", spec.columns);
  choice.emit = [spec](KernelBuilder& b, llvm::StringRef name) { EmitMoeCombine(b, name, spec); };
  return choice;
}

}  // namespace lathe
