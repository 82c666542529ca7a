#include "ops/linear/linear_ops.h"

#include "ops/linear/linear_reference.h"
#define GET_OP_CLASSES
#include "ops/linear/linear_ops.cc.inc"

namespace lathe {

void RegisterLinearOps(LatheDialect& dialect) {
  dialect.AddOps<
#define GET_OP_LIST
#include "ops/linear/linear_ops.cc.inc"
      >();
}

llvm::LogicalResult MatmulOp::inferReturnTypes(mlir::MLIRContext* context,
                                               std::optional<mlir::Location>, Adaptor adaptor,
                                               llvm::SmallVectorImpl<mlir::Type>& types) {
  mlir::RankedTensorType x = TensorTypeOf(adaptor.getX());
  mlir::RankedTensorType weight = TensorTypeOf(adaptor.getWeight());
  // For scalars any type will do: the verifier refuses them with the constraint's name.
  bool has_extents = x.getRank() > 0 && weight.getRank() > 0;
  mlir::RankedTensorType shape = has_extents ? WithLastExtent(x, weight.getDimSize(0)) : x;
  types.push_back(WithElement(shape, mlir::Float32Type::get(context)));
  return mlir::success();
}

llvm::LogicalResult MatmulOp::verify() {
  mlir::RankedTensorType x = TensorTypeOf(getX());
  mlir::RankedTensorType weight = TensorTypeOf(getWeight());
  if (failed(RequireRank(*this, 1, "weight", weight, 2)) ||
      failed(RequireStaticLastExtent(*this, 2, "x", x))) {
    return mlir::failure();
  }
  Extent outputs = Extents(weight)[0];
  if (failed(RequireShape(*this, 2, "weight", weight, {outputs, Extents(x).back()},
                          "the last extent of x"))) {
    return mlir::failure();
  }
  if (!getBias()) return mlir::success();
  return RequireShape(*this, 3, "bias", TensorTypeOf(getBias()), {outputs},
                      "one element an output");
}

absl::Status MatmulOp::Evaluate(EvalContext& context) {
  context.SetTensor(getY(), MatmulReference(context.Tensor(getX()), context.Tensor(getWeight()),
                                            context.TensorOrNull(getBias()), context.accumulate()));
  return absl::OkStatus();
}

OpCost MatmulOp::Cost() {
  SymExpr outputs = NumElements(TensorTypeOf(getY()));
  SymExpr terms = Extents(TensorTypeOf(getX())).back().expr();
  SymExpr flops = outputs * terms * SymExpr(2);
  if (getBias()) flops += outputs;
  return StreamingCost(*this, flops);
}

}  // namespace lathe
