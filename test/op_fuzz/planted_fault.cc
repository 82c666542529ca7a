#include "test/op_fuzz/planted_fault.h"

#include "mlir/IR/PatternMatch.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"
#include "ops/core/dialect.h"
#include "ops/elementwise/elementwise_ops.h"

namespace lathe::op_fuzz {
namespace {

struct DropScale : mlir::OpRewritePattern<MulOp> {
  using OpRewritePattern::OpRewritePattern;
  mlir::LogicalResult matchAndRewrite(MulOp mul, mlir::PatternRewriter& rewriter) const override {
    auto scale = mul.getA().getDefiningOp<ScaleOp>();
    if (!scale) return mlir::failure();
    rewriter.replaceOpWithNewOp<MulOp>(mul, mul.getType(), scale.getX(), mul.getB());
    return mlir::success();
  }
};

}  // namespace

void PlantFault(mlir::ModuleOp module) {
  mlir::RewritePatternSet patterns(module.getContext());
  patterns.add<DropScale>(module.getContext());
  (void)mlir::applyPatternsGreedily(module, std::move(patterns));
}

}  // namespace lathe::op_fuzz
