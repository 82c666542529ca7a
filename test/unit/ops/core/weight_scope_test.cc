#include "ops/core/weight_scope.h"

#include "gtest/gtest.h"
#include "ops/core/graph_builder.h"
#include "ops/dialect.h"
#include "test/support/status_matchers.h"

namespace lathe {
namespace {

class WeightScopeTest : public ::testing::Test {
 protected:
  WeightScopeTest() : builder_(Start()) { builder_.BeginEntry("step"); }
  GraphBuilder Start() {
    LoadDialects(context_);
    return GraphBuilder(&context_, {"test", 1}, [](const std::string&) { return DType::kF32; });
  }
  mlir::MLIRContext context_;
  GraphBuilder builder_;
};

TEST_F(WeightScopeTest, CodePathsAreCheckpointPaths) {
  WeightScope layer = builder_.Weights("model").In("layers").In(3);
  EXPECT_EQ(layer.path(), "model.layers.3");
  EXPECT_EQ(layer.In("self_attn").In("q_proj").path(), "model.layers.3.self_attn.q_proj");
  layer.In("self_attn").Param("q_proj.weight", {2, 2});
  builder_.Weights("").Param("lm_head.weight", {2, 2});
  EXPECT_EQ(builder_.params()[0].name, "model.layers.3.self_attn.q_proj.weight");
  EXPECT_EQ(builder_.params()[1].name, "lm_head.weight");
}

TEST_F(WeightScopeTest, AskingTwiceGivesTheSameValue) {
  WeightScope model = builder_.Weights("model");
  EXPECT_EQ(model.Param("w", {4}), builder_.Weights("").In("model").Param("w", {4}));
  EXPECT_EQ(builder_.params().size(), 1u);
}

TEST_F(WeightScopeTest, TwoShapesOfOneWeightAreABug) {
  builder_.Weights("").Param("w", {4});
  EXPECT_DEATH(builder_.Weights("").Param("w", {5}), "w has two shapes");
}

TEST_F(WeightScopeTest, ABodyMustUseItsOwnScope) {
  WeightScope outside = builder_.Weights("model");
  mlir::Value x = builder_.Input("x", builder_.Tensor(DType::kF32, {4}));
  EXPECT_DEATH(
      builder_.Layer("kind", {{"x", x}}, outside,
                     [&](mlir::ValueRange, const WeightScope&) { return outside.Param("w", {4}); }),
      "from the scope that it is given");
}

}  // namespace
}  // namespace lathe
