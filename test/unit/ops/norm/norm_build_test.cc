#include "ops/norm/norm_build.h"

#include "gtest/gtest.h"
#include "ops/dialect.h"
#include "ops/norm/norm_ops.h"
#include "test/support/status_matchers.h"

namespace lathe {
namespace {

class NormBuildTest : public ::testing::Test {
 protected:
  NormBuildTest() : b_(Start()) { b_.BeginEntry("step"); }
  GraphBuilder Start() {
    LoadDialects(context_);
    return GraphBuilder(&context_, {"test", 1}, [](const std::string&) { return DType::kBF16; });
  }
  mlir::Value Input(llvm::ArrayRef<Extent> extents, DType dtype = DType::kF32) {
    return b_.Input("x", b_.Tensor(dtype, extents));
  }
  std::string Shape(mlir::Value value) { return DescribeShape(TensorTypeOf(value)); }
  absl::Status Finish() {
    b_.EndEntry();
    return b_.Finish().status();
  }

  mlir::MLIRContext context_;
  GraphBuilder b_;
};

TEST_F(NormBuildTest, RmsNormDeclaresItsWeight) {
  mlir::Value y = RmsNorm(b_, b_.Weights("a").In("q_norm"), Input({"tokens", 4, 32}), 1e-6, 1.0);
  EXPECT_EQ(Shape(y), "[tokens, 4, 32]");
  EXPECT_EQ(b_.params()[0].name, "a.q_norm.weight");
  EXPECT_THAT(b_.params()[0].shape, ::testing::ElementsAre(32));
  auto op = llvm::cast<RmsNormOp>(y.getDefiningOp());
  EXPECT_EQ(op.getEps().convertToDouble(), 1e-6);
  EXPECT_EQ(op.getOffset().convertToDouble(), 1.0);
  LATHE_EXPECT_OK(Finish());
}

TEST_F(NormBuildTest, LayerNormDeclaresWeightAndBias) {
  mlir::Value x = Input({"tokens", 32});
  LayerNorm(b_, b_.Weights("a").In("ln"), x, 1e-6);
  LayerNorm(b_, b_.Weights("b").In("ln"), x, 1e-6, /*has_bias=*/false);
  ASSERT_EQ(b_.params().size(), 3u);
  EXPECT_EQ(b_.params()[1].name, "a.ln.bias");
  LATHE_EXPECT_OK(Finish());
}

}  // namespace
}  // namespace lathe
