#include "ops/rotary/rotary_build.h"

#include "gtest/gtest.h"
#include "ops/dialect.h"
#include "ops/rotary/rotary_ops.h"
#include "test/support/status_matchers.h"

namespace lathe {
namespace {

class RotaryBuildTest : public ::testing::Test {
 protected:
  RotaryBuildTest() : b_(Start()) { b_.BeginEntry("step"); }
  GraphBuilder Start() {
    LoadDialects(context_);
    return GraphBuilder(&context_, {"test", 1}, [](const std::string&) { return DType::kBF16; });
  }
  mlir::Value Input(llvm::ArrayRef<Extent> extents, DType dtype = DType::kF32) {
    return b_.Input("x", b_.Tensor(dtype, extents));
  }
  std::string Shape(mlir::Value value) { return DescribeShape(TensorTypeOf(value)); }
  absl::Status Finish() {
    b_.EndEntry();
    return b_.Finish().status();
  }

  mlir::MLIRContext context_;
  GraphBuilder b_;
};

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
