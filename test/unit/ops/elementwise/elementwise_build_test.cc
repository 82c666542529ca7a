#include "ops/elementwise/elementwise_build.h"

#include "gtest/gtest.h"
#include "mlir/IR/Verifier.h"
#include "ops/core/graph_builder.h"
#include "ops/dialect.h"
#include "ops/elementwise/elementwise_ops.h"
#include "test/support/status_matchers.h"

namespace lathe {
namespace {

class ElementwiseBuildTest : public ::testing::Test {
 protected:
  ElementwiseBuildTest() : b_(Start()) {
    b_.BeginEntry("step");
    x_ = b_.Input("x", b_.Tensor(DType::kF32, {"tokens", 12}));
  }
  GraphBuilder Start() {
    LoadDialects(context_);
    return GraphBuilder(&context_, {"test", 1}, [](const std::string&) { return DType::kF32; });
  }
  std::string Shape(mlir::Value value) { return DescribeShape(TensorTypeOf(value)); }
  absl::Status Finish() {
    b_.EndEntry();
    return b_.Finish().status();
  }

  mlir::MLIRContext context_;
  GraphBuilder b_;
  mlir::Value x_;
};

TEST_F(ElementwiseBuildTest, ArithmeticKeepsTheType) {
  for (mlir::Value y :
       {Add(b_, x_, x_), Sub(b_, x_, x_), Mul(b_, x_, x_), Div(b_, x_, x_), Neg(b_, x_),
        Exp(b_, x_), Rsqrt(b_, x_), Cos(b_, x_), Sin(b_, x_), Sigmoid(b_, x_), Silu(b_, x_),
        Softplus(b_, x_), Clamp(b_, x_, -1, 1), Scale(b_, x_, 2, 1), Swiglu(b_, x_, x_, 7)}) {
    EXPECT_EQ(y.getType(), x_.getType());
  }
  LATHE_EXPECT_OK(Finish());
}

TEST_F(ElementwiseBuildTest, HeadsSplitAndMerge) {
  mlir::Value heads = SplitHeads(b_, x_, 3);
  EXPECT_EQ(Shape(heads), "[tokens, 3, 4]");
  EXPECT_EQ(MergeHeads(b_, heads).getType(), x_.getType());
  LATHE_EXPECT_OK(Finish());
}

TEST_F(ElementwiseBuildTest, HeadsThatDoNotDivideAreToldByTheVerifier) {
  SplitHeads(b_, x_, 5);
  EXPECT_THAT(Finish(),
              testing::StatusIs(absl::StatusCode::kInvalidArgument,
                                ::testing::HasSubstr("C3: [tokens, 12] to [tokens, 5, 2]")));
}

TEST_F(ElementwiseBuildTest, ExtentsAndTypes) {
  EXPECT_EQ(Shape(Reduce(b_, "mean", x_)), "[tokens, 1]");
  EXPECT_EQ(Shape(Slice(b_, x_, 2, 5)), "[tokens, 3]");
  EXPECT_EQ(Shape(Concat(b_, {x_, x_})), "[tokens, 24]");
  EXPECT_EQ(Shape(Broadcast(b_, Reduce(b_, "sum", x_), {"tokens", 7})), "[tokens, 7]");
  EXPECT_TRUE(TensorTypeOf(Cast(b_, x_, DType::kBF16)).getElementType().isBF16());
  LATHE_EXPECT_OK(Finish());
}

TEST_F(ElementwiseBuildTest, NothingIsBuiltForNothing) {
  EXPECT_EQ(Cast(b_, x_, DType::kF32), x_);
  EXPECT_EQ(Broadcast(b_, x_, {"tokens", 12}), x_);
  LATHE_EXPECT_OK(Finish());
}

}  // namespace
}  // namespace lathe
