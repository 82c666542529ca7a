#include "ops/linear/linear_build.h"

#include "gtest/gtest.h"
#include "ops/dialect.h"
#include "ops/linear/linear_ops.h"
#include "test/support/status_matchers.h"

namespace lathe {
namespace {

class LinearBuildTest : public ::testing::Test {
 protected:
  LinearBuildTest() : b_(Start()) { b_.BeginEntry("step"); }
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

TEST_F(LinearBuildTest, DeclaresWeightAndBias) {
  mlir::Value x = Input({"tokens", 8});
  mlir::Value y = Linear(b_, b_.Weights("a").In("q_proj"), x, {.out = 6, .bias = true});
  EXPECT_EQ(Shape(y), "[tokens, 6]");
  ASSERT_EQ(b_.params().size(), 2u);
  EXPECT_EQ(b_.params()[0].name, "a.q_proj.weight");
  EXPECT_THAT(b_.params()[0].shape, ::testing::ElementsAre(6, 8));
  EXPECT_EQ(b_.params()[1].name, "a.q_proj.bias");
  auto op = llvm::cast<MatmulOp>(y.getDefiningOp());
  EXPECT_TRUE(op.getBias());
  EXPECT_EQ(llvm::cast<mlir::NameLoc>(op.getLoc()).getName(), "a.q_proj");
  LATHE_EXPECT_OK(Finish());
}

TEST_F(LinearBuildTest, WithoutBias) {
  mlir::Value y = Linear(b_, b_.Weights("a"), Input({"tokens", 4, 8}), {.out = 6});
  EXPECT_EQ(Shape(y), "[tokens, 4, 6]");
  EXPECT_FALSE(llvm::cast<MatmulOp>(y.getDefiningOp()).getBias());
  EXPECT_EQ(b_.params().size(), 1u);
  LATHE_EXPECT_OK(Finish());
}

}  // namespace
}  // namespace lathe
