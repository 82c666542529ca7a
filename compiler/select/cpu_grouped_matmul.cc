// Products whose rows are grouped by expert, with their epilogue, as the register-tiled kernel of
// compiler/lower/matmul.h.
#include "absl/strings/str_cat.h"
#include "compiler/lower/weight_format.h"
#include "compiler/select/candidates.h"
#include "compiler/select/cpu_matmul.h"
#include "compiler/select/dispatch_view.h"
#include "ops/elementwise/elementwise_ops.h"
#include "ops/moe/moe_ops.h"
#include "runtime/base/status_macros.h"

namespace lathe {
namespace {

absl::Status No(absl::string_view reason) { return absl::FailedPreconditionError(reason); }

// The ops of the dispatch by role.
struct GroupedProducts {
  llvm::SmallVector<GroupedMatmulOp> products;
  SwigluOp swiglu;
};

absl::StatusOr<GroupedProducts> Collect(DispatchOp dispatch) {
  GroupedProducts found;
  for (mlir::Operation& op : dispatch.block().without_terminator()) {
    if (auto product = llvm::dyn_cast<GroupedMatmulOp>(op)) {
      found.products.push_back(product);
    } else if (auto swiglu = llvm::dyn_cast<SwigluOp>(op); swiglu && !found.swiglu) {
      found.swiglu = swiglu;
    } else {
      return No(absl::StrCat("has no epilogue for ", op.getName().getStringRef().str()));
    }
  }
  if (found.products.empty()) return No("there is no grouped matmul");
  if (found.products.size() != (found.swiglu ? 2u : 1u))
    return No("takes one product, or two that meet in a swiglu");
  // The kernel takes gate first, the module may compute either first.
  if (found.swiglu && found.swiglu.getGate() == found.products[1].getY())
    std::swap(found.products[0], found.products[1]);
  return found;
}

absl::Status BindWeights(DispatchOp dispatch, GroupedProducts& found, MatmulSpec& spec,
                         std::vector<Binding>& bindings) {
  GroupedMatmulOp first = found.products.front();
  for (GroupedMatmulOp product : found.products) {
    if (product.getX() != first.getX() || product.getRows() != first.getRows() ||
        product.getEnds() != first.getEnds()) {
      return No("the products have different inputs");
    }
    mlir::RankedTensorType type = TensorTypeOf(product.getWeight());
    LATHE_ASSIGN_OR_RETURN(const WeightFormat format, WeightFormatOf(type));
    if (product != first && format != spec.format) return No("the weights have different types");
    spec.format = format;
    spec.columns.push_back(type.getDimSize(1));
    LATHE_ASSIGN_OR_RETURN(Binding weight, InputBinding(dispatch, product.getWeight(),
                                                        std::string(LayoutName(format))));
    bindings.push_back(weight);
  }
  return absl::OkStatus();
}

// The result that leaves the dispatch.
absl::StatusOr<mlir::Value> Result(GroupedProducts& found, MatmulSpec& spec) {
  if (!found.swiglu) return found.products[0].getY();
  if (found.swiglu.getGate() != found.products[0].getY() ||
      found.swiglu.getUp() != found.products[1].getY()) {
    return No("swiglu does not take the two products");
  }
  spec.epilogue = MatmulEpilogue::kSwiGlu;
  spec.limit = static_cast<float>(found.swiglu.getLimit().convertToDouble());
  return found.swiglu.getY();
}

}  // namespace

absl::StatusOr<KernelChoice> MatchCpuGroupedMatmul(DispatchOp dispatch) {
  LATHE_ASSIGN_OR_RETURN(GroupedProducts found, Collect(dispatch));
  GroupedMatmulOp first = found.products.front();
  mlir::RankedTensorType x = TensorTypeOf(first.getX());
  if (!x.getElementType().isF32()) return No("the input is not f32");
  MatmulSpec spec;
  spec.inner = x.getShape().back();
  spec.groups = {.experts = TensorTypeOf(first.getWeight()).getDimSize(0),
                 .gathers = static_cast<bool>(first.getRows())};
  KernelChoice choice;
  llvm::SmallVector<mlir::Value> inputs = {first.getX(), first.getEnds()};
  if (first.getRows()) inputs.push_back(first.getRows());
  for (mlir::Value input : inputs) {
    LATHE_ASSIGN_OR_RETURN(Binding binding, InputBinding(dispatch, input));
    choice.bindings.push_back(binding);
  }
  LATHE_RETURN_IF_ERROR(BindWeights(dispatch, found, spec, choice.bindings));
  LATHE_ASSIGN_OR_RETURN(mlir::Value result, Result(found, spec));
  LATHE_ASSIGN_OR_RETURN(Binding output, OutputBinding(dispatch, result));
  choice.bindings.push_back(output);
  choice.dims = {Rows(result) * SymExpr(TensorTypeOf(result).getDimSize(1))};
  LATHE_RETURN_IF_ERROR(FinishMatmul(dispatch, std::move(spec), choice));
  return choice;
}

}  // namespace lathe
