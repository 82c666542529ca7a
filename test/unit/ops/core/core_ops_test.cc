#include "gtest/gtest.h"
#include "ops/core/dialect.h"
#include "test/support/graph/graph.h"
#include "test/support/status_matchers.h"

namespace lathe {
namespace {

using ::lathe::testing::Graph;
using ::lathe::testing::RandomFloats;
using ::testing::ElementsAre;

TEST(CoreOpsTest, WeightsComeFromTheCheckpoint) {
  Graph graph(R"(
    lathe.param @"a.weight" : tensor<2x2xbf16>
    func.func @main() -> tensor<2x2xbf16> {
      %w = lathe.weight @"a.weight" : tensor<2x2xbf16>
      return %w : tensor<2x2xbf16>
    })");
  HostTensor weight = RandomFloats({2, 2}, 1, 1.0f, DType::kBF16);
  graph.weights().Add("a.weight", weight);
  LATHE_ASSERT_OK_AND_ASSIGN(HostTensor y, graph.Run({}));
  EXPECT_EQ(y.dtype(), DType::kBF16);
  EXPECT_EQ(y.floats(), weight.floats());
}

TEST(CoreOpsTest, ConstantsGiveTheirElements) {
  Graph graph(R"(
    func.func @main() -> (tensor<2xf32> {lathe.name = "f"}, tensor<3xi32> {lathe.name = "i"}) {
      %f = lathe.constant "f" dense<[0.5, -2.0]> : tensor<2xf32>
      %i = lathe.constant "i" dense<7> : tensor<3xi32>
      return %f, %i : tensor<2xf32>, tensor<3xi32>
    })");
  LATHE_ASSERT_OK_AND_ASSIGN(auto outputs, graph.RunAll({}));
  EXPECT_THAT(outputs.at("f").floats(), ElementsAre(0.5f, -2.0f));
  EXPECT_THAT(outputs.at("i").ints(), ElementsAre(7, 7, 7));
}

TEST(CoreOpsTest, DispatchIsBuiltWithItsArguments) {
  Graph graph(R"(
    func.func @main(%x: tensor<4xf32>) {
      return
    })");
  mlir::Block& body = llvm::cast<mlir::func::FuncOp>(graph.Op("func.func")).getBody().front();
  mlir::OpBuilder b = mlir::OpBuilder::atBlockBegin(&body);
  mlir::Value x = body.getArgument(0);
  auto dispatch = DispatchOp::create(b, b.getUnknownLoc(), x.getType(), "self_attn.qkv", x);
  b.setInsertionPointToEnd(&dispatch.block());
  YieldOp::create(b, b.getUnknownLoc(), dispatch.block().getArguments());
  EXPECT_TRUE(succeeded(mlir::verify(graph.module())));
  EXPECT_EQ(dispatch.getName(), "self_attn.qkv");
  EXPECT_EQ(dispatch.yield().getNumOperands(), 1u);
}

TEST(CoreOpsTest, DeclaringAndUsingAWeightCostsNothingByItself) {
  Graph graph(R"(
    lathe.param @w : tensor<2xf32>
    func.func @main() {
      %w = lathe.weight @w : tensor<2xf32>
      %c = lathe.constant "c" dense<1.0> : tensor<2xf32>
      return
    })");
  for (const char* name : {"lathe.weight", "lathe.constant"}) {
    OpCost cost = llvm::cast<HasCost>(graph.Op(name)).Cost();
    EXPECT_EQ(cost.flops, SymExpr(0));
    EXPECT_EQ(cost.bytes_read + cost.bytes_written, SymExpr(0));
  }
}

}  // namespace
}  // namespace lathe
