#include "test/op_fuzz/noise.h"

#include "absl/strings/str_cat.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "ops/attention/attention_ops.h"
#include "ops/core/dialect.h"
#include "ops/elementwise/elementwise_build.h"
#include "ops/elementwise/elementwise_ops.h"
#include "ops/linear/linear_ops.h"
#include "ops/norm/norm_ops.h"
#include "ops/rotary/rotary_ops.h"
#include "ops/sampling/sampling_ops.h"
#include "runtime/base/check.h"

namespace lathe::op_fuzz {
namespace {

class NoiseWriter {
 public:
  NoiseWriter(mlir::func::FuncOp entry, const NoiseLevel& level) : entry_(entry), level_(level) {}

  void Run() {
    std::vector<mlir::Operation*> ops;
    entry_.walk([&](mlir::Operation* op) { ops.push_back(op); });
    for (mlir::Operation* op : ops) {
      if (auto matmul = llvm::dyn_cast<MatmulOp>(op)) {
        OnOperand(matmul.getXMutable(), GroupQuantOf(matmul.getWeight().getType()).has_value());
      } else if (auto attention = llvm::dyn_cast<AttentionOp>(op)) {
        OnOperand(attention.getQueryMutable(), false);
      } else if (auto write = llvm::dyn_cast<KvWriteOp>(op)) {
        OnOperand(write.getKeyMutable(), false);
        OnOperand(write.getValueMutable(), false);
      }
      if (IsFunction(op)) {
        for (mlir::Value result : op->getResults()) OnResult(result, llvm::isa<RopeTableOp>(op));
      }
    }
  }

 private:
  static bool IsFunction(mlir::Operation* op) {
    return llvm::isa<RmsNormOp, LayerNormOp, SiluOp, SigmoidOp, SwigluOp, ExpOp, RsqrtOp, CosOp,
                     SinOp, SoftplusOp, DivOp, RopeOp, RopeTableOp, MatmulOp, AttentionOp,
                     ReduceOp>(op);
  }

  mlir::Value Input(absl::string_view kind, int bits, mlir::RankedTensorType type) {
    mlir::MLIRContext* context = entry_.getContext();
    auto name = mlir::StringAttr::get(context, absl::StrCat(kind, ".", bits, ".", count_++));
    auto attributes = mlir::DictionaryAttr::get(
        context, {mlir::NamedAttribute(mlir::StringAttr::get(context, "lathe.name"), name)});
    const unsigned number = entry_.getNumArguments();
    LATHE_CHECK(mlir::succeeded(
        entry_.insertArgument(number, type, attributes, mlir::UnknownLoc::get(context))))
        << "an input for noise";
    return entry_.getArgument(number);
  }

  void OnOperand(mlir::OpOperand& operand, bool is_quantized) {
    mlir::Value x = operand.get();
    auto type = llvm::cast<mlir::RankedTensorType>(x.getType());
    Builder b(operand.getOwner()->getLoc(), operand.getOwner());
    if (!is_quantized) {
      operand.set(Mul(b, x, Input("noise", level_.product_bits, type)));
      return;
    }
    // The largest of a row, or twice that.
    const double infinity = std::numeric_limits<double>::infinity();
    mlir::Value largest = Add(b, Clamp(b, Reduce(b, "max", x), 0.0, infinity),
                              Clamp(b, Reduce(b, "max", Neg(b, x)), 0.0, infinity));
    mlir::Value shift = Input("shift", level_.quantized_bits, type);
    operand.set(Add(b, x, Mul(b, Broadcast(b, largest, Extents(type)), shift)));
  }

  void OnResult(mlir::Value result, bool is_absolute) {
    auto type = llvm::dyn_cast<mlir::RankedTensorType>(result.getType());
    if (!type || !llvm::isa<mlir::FloatType>(type.getElementType())) return;
    Builder b(result.getLoc(), result.getContext());
    b.setInsertionPointAfter(result.getDefiningOp());
    mlir::Value noisy = is_absolute ? Add(b, result, Input("shift", level_.function_bits, type))
                                    : Mul(b, result, Input("noise", level_.function_bits, type));
    result.replaceAllUsesExcept(noisy, noisy.getDefiningOp());
  }

  mlir::func::FuncOp entry_;
  NoiseLevel level_;
  int count_ = 0;
};

}  // namespace

mlir::OwningOpRef<mlir::ModuleOp> WithNoise(mlir::ModuleOp module, const NoiseLevel& level) {
  mlir::OwningOpRef<mlir::ModuleOp> copy(module.clone());
  auto entry = copy->lookupSymbol<mlir::func::FuncOp>("step");
  LATHE_CHECK(entry) << "a case without @step";
  NoiseWriter(entry, level).Run();
  return copy;
}

}  // namespace lathe::op_fuzz
