#include "ops/attention/attention_build.h"

#include "gtest/gtest.h"
#include "ops/attention/attention_ops.h"
#include "test/support/graph/graph_builder_fixture.h"
#include "test/support/status_matchers.h"

namespace lathe {
namespace {

class AttentionBuildTest : public testing::GraphBuilderFixture {};

TEST_F(AttentionBuildTest, LayerWriteAttention) {
  mlir::Value cache =
      b_.Input("kv", b_.Cache({.layers = 2, .kv_heads = 2, .head_dim = 8, .window = 16}));
  RowPlacement rows = {Input({"tokens"}, DType::kI32), Input({"tokens"}, DType::kI32)};
  mlir::Value key = Input({"tokens", 2, 8});
  mlir::Value query = Input({"tokens", 4, 8});
  mlir::Value layer = CacheLayer(b_, cache, 1, 5);
  EXPECT_EQ(layer.getDefiningOp<CacheLayerOp>().getIndex(), 1);
  EXPECT_EQ(layer.getDefiningOp<CacheLayerOp>().ModelLayerOrIndex(), 5);
  EXPECT_EQ(llvm::cast<KvLayerType>(layer.getType()).getWindow(), 16);
  KvWrite(b_, layer, key, key, rows);
  mlir::Value y = Attention(b_, query, layer, rows, 0.5);
  EXPECT_EQ(y.getType(), query.getType());
  EXPECT_EQ(y.getDefiningOp<AttentionOp>().getScale().convertToDouble(), 0.5);
  LATHE_EXPECT_OK(Finish());
}

}  // namespace
}  // namespace lathe
