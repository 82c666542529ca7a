#include "ops/sampling/sampling_build.h"

#include "gtest/gtest.h"
#include "test/support/graph/graph_builder_fixture.h"
#include "test/support/status_matchers.h"

namespace lathe {
namespace {

class SamplingBuildTest : public testing::GraphBuilderFixture {};

TEST_F(SamplingBuildTest, OneIdARow) {
  mlir::Value logits = Input({"logit_rows", 40});
  mlir::Value ids = Argmax(b_, logits, Input({"logit_rows"}, DType::kI32));
  EXPECT_EQ(Shape(ids), "[logit_rows]");
  EXPECT_TRUE(mlir::getElementTypeOrSelf(ids.getType()).isInteger(32));
  LATHE_EXPECT_OK(Finish());
}

TEST_F(SamplingBuildTest, ChoiceAddsTheInputsThatSayWhatIsWanted) {
  mlir::Value ids = ChooseTokens(b_, Input({"logit_rows", 40}));
  EXPECT_EQ(Shape(ids), "[logit_rows]");
  EXPECT_TRUE(mlir::getElementTypeOrSelf(ids.getType()).isInteger(32));
  LATHE_EXPECT_OK(Finish());
}

}  // namespace
}  // namespace lathe
