#include "ops/embedding/embedding_build.h"

#include "gtest/gtest.h"
#include "ops/embedding/embedding_ops.h"
#include "test/support/graph/graph_builder_fixture.h"
#include "test/support/status_matchers.h"

namespace lathe {
namespace {

class EmbeddingBuildTest : public testing::GraphBuilderFixture {};

TEST_F(EmbeddingBuildTest, RowsOfTablesAndActivations) {
  mlir::Value table = b_.Weights("model").Param("embed_tokens.weight", {16, 8});
  mlir::Value x = Embed(b_, table, Input({"tokens"}, DType::kI32), 2.0);
  EXPECT_EQ(Shape(x), "[tokens, 8]");
  EXPECT_EQ(x.getDefiningOp<EmbedOp>().getMultiplier().convertToDouble(), 2.0);
  mlir::Value last = GatherRows(b_, x, Input({"logit_rows"}, DType::kI32));
  EXPECT_EQ(Shape(last), "[logit_rows, 8]");
  LATHE_EXPECT_OK(Finish());
}

}  // namespace
}  // namespace lathe
