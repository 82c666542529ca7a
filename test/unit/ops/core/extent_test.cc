#include "ops/core/extent.h"

#include "gtest/gtest.h"
#include "ops/core/dialect.h"
#include "ops/dialect.h"

namespace lathe {
namespace {

class ExtentTest : public ::testing::Test {
 protected:
  ExtentTest() { LoadDialects(context_); }
  mlir::RankedTensorType Type(llvm::ArrayRef<Extent> extents, DType dtype = DType::kF32) {
    return MakeTensorType(&context_, extents, ElementType(&context_, dtype));
  }
  mlir::MLIRContext context_;
};

TEST_F(ExtentTest, TypesGoThereAndBack) {
  llvm::SmallVector<Extent> extents = {"tokens", 4, "rows", 64};
  mlir::RankedTensorType type = Type(extents);
  EXPECT_EQ(Extents(type), extents);
  EXPECT_EQ(DescribeShape(type), "[tokens, 4, rows, 64]");
  EXPECT_EQ(type.getNumDynamicDims(), 2);
  EXPECT_FALSE(Type({2, 3}).getEncoding());
}

TEST_F(ExtentTest, DynamicExtentsNeedNames) {
  mlir::Type f32 = mlir::Float32Type::get(&context_);
  EXPECT_TRUE(HasNamedExtents(Type({"tokens", 4})));
  EXPECT_TRUE(HasNamedExtents(Type({2, 4})));
  EXPECT_FALSE(HasNamedExtents(mlir::RankedTensorType::get({mlir::ShapedType::kDynamic}, f32)));
  EXPECT_FALSE(HasNamedExtents(f32));
}

TEST_F(ExtentTest, PartsOfTypesAreReplaced) {
  mlir::RankedTensorType type = Type({"tokens", 64});
  EXPECT_EQ(WithLastExtent(type, 3), Type({"tokens", 3}));
  EXPECT_EQ(WithElement(type, ElementType(&context_, DType::kBF16)),
            Type({"tokens", 64}, DType::kBF16));
  EXPECT_EQ(WithLastExtent(Type({"tokens"}), 5), Type({5}));
}

TEST_F(ExtentTest, SizesAreExpressions) {
  EXPECT_EQ(NumElements(Type({"tokens", 4, 64})).ToString(), "256*tokens");
  EXPECT_EQ(NumBytes(Type({"tokens", 64}, DType::kBF16)).ToString(), "128*tokens");
  EXPECT_EQ(NumBytes(Type({"tokens", "tokens"})).ToString(), "4*tokens*tokens");
}

TEST_F(ExtentTest, QuantizedMatricesAreStoredInFewerBytes) {
  GroupQuant format{.bits = 4, .group = 32};
  mlir::RankedTensorType type = WithGroupQuant(Type({10, 64}, DType::kBF16), format);
  EXPECT_EQ(GroupQuantOf(type), format);
  EXPECT_TRUE(IsStorable(type));
  // Ops on activations must not take it for a tensor of f32.
  EXPECT_FALSE(HasNamedExtents(type));
  EXPECT_EQ(Extents(type), Extents(Type({10, 64})));
  EXPECT_EQ(NumElements(type).ToString(), "640");
  EXPECT_EQ(NumBytes(type).ToString(), "360");  // 0.5625 an element
  EXPECT_EQ(RowBytes(type).ToString(), "36");

  EXPECT_EQ(GroupQuantOf(Type({10, 64})), std::nullopt);
  EXPECT_TRUE(IsStorable(Type({"tokens", 64})));
  EXPECT_EQ(RowBytes(Type({"tokens", 4, 64}, DType::kBF16)).ToString(), "512");
}

TEST_F(ExtentTest, ElementTypesHaveDTypes) {
  for (DType dtype : {DType::kF32, DType::kF16, DType::kBF16, DType::kI32}) {
    EXPECT_EQ(DTypeOf(ElementType(&context_, dtype)), dtype);
  }
  EXPECT_EQ(DTypeOf(mlir::IntegerType::get(&context_, 8)), std::nullopt);
}

}  // namespace
}  // namespace lathe
