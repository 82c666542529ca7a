#include "ops/embedding/embedding_build.h"

#include "gtest/gtest.h"
#include "ops/dialect.h"
#include "ops/embedding/embedding_ops.h"
#include "test/support/status_matchers.h"

namespace lathe {
namespace {

class EmbeddingBuildTest : public ::testing::Test {
 protected:
  EmbeddingBuildTest() : b_(Start()) { b_.BeginEntry("step"); }
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
