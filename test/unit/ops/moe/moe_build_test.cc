#include "ops/moe/moe_build.h"

#include "gtest/gtest.h"
#include "test/support/graph/graph_builder_fixture.h"
#include "test/support/status_matchers.h"

namespace lathe {
namespace {

class MoeBuildTest : public testing::GraphBuilderFixture {};

TEST_F(MoeBuildTest, AMixtureHasTheShapeOfItsRows) {
  mlir::Value x = Input({"tokens", 16});
  const ExpertWeights weights{Input({6, 24, 16}, DType::kBF16), Input({6, 24, 16}, DType::kBF16),
                              Input({6, 16, 24}, DType::kBF16)};
  mlir::Value scores = Input({"tokens", 6});
  EXPECT_EQ(Shape(MixtureOfExperts(b_, x, scores, {}, {.top_k = 2, .normalize = true}, weights)),
            "[tokens, 16]");
  EXPECT_EQ(Shape(MixtureOfExperts(b_, x, scores, Input({6}),
                                   {.top_k = 3, .sigmoid = true, .scale = 3}, weights, 7)),
            "[tokens, 16]");
  LATHE_EXPECT_OK(Finish());
}

}  // namespace
}  // namespace lathe
