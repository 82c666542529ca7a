#include "ops/moe/moe_ops.h"

#include <random>

#include "gtest/gtest.h"
#include "ops/moe/moe_reference.h"
#include "test/support/graph/graph.h"
#include "test/support/status_matchers.h"

namespace lathe {
namespace {

using ::lathe::testing::Graph;
using ::lathe::testing::RandomFloats;

constexpr char kText[] = R"(
  #t = #lathe.sym<tokens>
  func.func @main(%x: tensor<?x8xf32, #t> {lathe.name = "x"}, %s: tensor<?x5xf32, #t> {lathe.name = "scores"},
                  %b: tensor<5xf32> {lathe.name = "bias"}, %w: tensor<5x12x8xf32> {lathe.name = "weight"})
      -> (tensor<?x12xf32, #t> {lathe.name = "y"}, tensor<?x2xi32, #t> {lathe.name = "experts"}) {
    %e, %p = lathe.moe_route 2 of %s bias %b by "sigmoid" {normalize, scale = 2.0} : tensor<?x5xf32, #t>, tensor<5xf32>
    %r, %q, %n = lathe.moe_dispatch %e among 5 : tensor<?x2xi32, #t>
    %h = lathe.grouped_matmul %x at %r, %n, %w : tensor<?x8xf32, #t>, tensor<5xi32>, tensor<5x12x8xf32>, tensor<?x2xi32, #t>
    %y = lathe.moe_combine %h at %q, %p : tensor<?x2x12xf32, #t>, tensor<?x2xi32, #t>, tensor<?x2xf32, #t>
    return %y, %e : tensor<?x12xf32, #t>, tensor<?x2xi32, #t>
  })";

// The mixture is the sum over all experts of weight (0 for those not chosen) times product.
TEST(MoeOpsTest, TogetherTheyAreTheWeightedSumOfTheChosen) {
  Graph graph(kText);
  const Interpreter::NamedTensors inputs = {{"x", RandomFloats({9, 8}, 1)},
                                            {"scores", RandomFloats({9, 5}, 2)},
                                            {"bias", RandomFloats({5}, 3)},
                                            {"weight", RandomFloats({5, 12, 8}, 4)}};
  LATHE_ASSERT_OK_AND_ASSIGN(const auto outputs, graph.RunAll(inputs));
  const MoeRoutes routes = MoeRouteReference(
      inputs.at("scores"), &inputs.at("bias"),
      {.num_experts = 5, .top_k = 2, .score = moe::Score::kSigmoid, .normalize = true, .scale = 2});
  EXPECT_EQ(outputs.at("experts").ints(), routes.experts.ints());
  for (int64_t t = 0; t < 9; ++t) {
    for (int64_t n = 0; n < 12; ++n) {
      double expected = 0;
      for (int64_t j = 0; j < 2; ++j) {
        const int64_t e = routes.experts.ints()[t * 2 + j];
        double product = 0;
        for (int64_t k = 0; k < 8; ++k) {
          product += static_cast<double>(inputs.at("x").floats()[t * 8 + k]) *
                     inputs.at("weight").floats()[(e * 12 + n) * 8 + k];
        }
        expected += routes.weights.floats()[t * 2 + j] * product;
      }
      EXPECT_NEAR(outputs.at("y").floats()[t * 12 + n], expected, 1e-5) << t << ", " << n;
    }
  }
}

TEST(MoeOpsTest, ProductsReadTheMatricesOfActiveExperts) {
  Graph graph(kText);
  auto cost = [&](const char* name) { return llvm::cast<HasCost>(graph.Op(name)).Cost(); };
  EXPECT_EQ(cost("lathe.grouped_matmul").flops.ToString(), "384*tokens");
  EXPECT_EQ(cost("lathe.grouped_matmul").bytes_read.ToString(),
            "384*active_experts + 40*tokens + 20");
  EXPECT_EQ(cost("lathe.grouped_matmul").bytes_written.ToString(), "96*tokens");
  EXPECT_EQ(cost("lathe.moe_route").flops.ToString(), "10*tokens");
  EXPECT_EQ(cost("lathe.moe_dispatch").flops.ToString(), "0");
  EXPECT_EQ(cost("lathe.moe_combine").flops.ToString(), "48*tokens");
}

}  // namespace
}  // namespace lathe
