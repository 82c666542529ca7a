#include "ops/rotary/rotary_build.h"

#include "gtest/gtest.h"
#include "ops/rotary/rotary_ops.h"
#include "test/support/graph/graph_builder_fixture.h"
#include "test/support/status_matchers.h"

namespace lathe {
namespace {

class RotaryBuildTest : public testing::GraphBuilderFixture {};

TEST_F(RotaryBuildTest, TableAndRotation) {
  mlir::Value x = Input({"tokens", 4, 8});
  mlir::Value positions = Input({"tokens"}, DType::kI32);
  mlir::Value inv_freq = b_.Constant("rope.inv_freq", {4}, {1.0f, 0.1f, 0.01f, 0.001f});
  RopeAngles angles = RopeTable(b_, positions, inv_freq, 1.5);
  EXPECT_EQ(Shape(angles.cos), "[tokens, 4]");
  EXPECT_EQ(Shape(angles.sin), "[tokens, 4]");
  EXPECT_EQ(angles.cos.getDefiningOp<RopeTableOp>().getScaling().convertToDouble(), 1.5);
  EXPECT_EQ(Rope(b_, x, angles).getType(), x.getType());
  LATHE_EXPECT_OK(Finish());
}

}  // namespace
}  // namespace lathe
