#include "ops/norm/norm_build.h"

#include "gtest/gtest.h"
#include "ops/norm/norm_ops.h"
#include "test/support/graph/graph_builder_fixture.h"
#include "test/support/status_matchers.h"

namespace lathe {
namespace {

class NormBuildTest : public testing::GraphBuilderFixture {};

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
