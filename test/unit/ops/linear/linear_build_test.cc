#include "ops/linear/linear_build.h"

#include "gtest/gtest.h"
#include "ops/linear/linear_ops.h"
#include "test/support/graph/graph_builder_fixture.h"
#include "test/support/status_matchers.h"

namespace lathe {
namespace {

class LinearBuildTest : public testing::GraphBuilderFixture {};

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
