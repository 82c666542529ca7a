#include "ops/core/cost.h"

#include "gtest/gtest.h"
#include "test/support/graph/graph.h"

namespace lathe {
namespace {

TEST(CostTest, StreamingCountsEachTensorOnce) {
  testing::Graph graph(R"(
    func.func @main(%x: tensor<?x4xf32, #tokens>, %y: tensor<?x4xf32, #tokens>) {
      %z = lathe.add %x, %y : tensor<?x4xf32, #tokens>
      return
    })");
  OpCost cost = StreamingCost(graph.Op("lathe.add"), 7);
  EXPECT_EQ(cost.flops, SymExpr(7));
  EXPECT_EQ(cost.bytes_read.ToString(), "32*tokens");
  EXPECT_EQ(cost.bytes_written.ToString(), "16*tokens");
}

TEST(CostTest, CostsAdd) {
  OpCost total = {1, 2, 3};
  total += OpCost{10, SymExpr::Symbol("tokens"), 30};
  EXPECT_EQ(total.flops.ToString(), "11");
  EXPECT_EQ(total.bytes_read.ToString(), "tokens + 2");
  EXPECT_EQ(total.bytes_written.ToString(), "33");
}

}  // namespace
}  // namespace lathe
