#include "runtime/artifact/proto_types.h"

#include "gtest/gtest.h"
#include "test/support/test_artifact.h"

namespace lathe {
namespace {

using ::lathe::testing::Constant;
using ::lathe::testing::MakeExpr;

TEST(ProtoTypesTest, ElementTypesGoBothWays) {
  for (DType dtype :
       {DType::kF32, DType::kBF16, DType::kF16, DType::kI32, DType::kI64, DType::kI8, DType::kU8}) {
    EXPECT_EQ(FromProto(ToProto(dtype)), dtype);
  }
  EXPECT_EQ(FromProto(artifact::DTYPE_UNSPECIFIED), std::nullopt);
  EXPECT_EQ(FromProto(static_cast<artifact::DType>(99)), std::nullopt);
  EXPECT_DEATH(ToProto(DType::kBool), "no element type BOOL");
}

TEST(ProtoTypesTest, ExpressionsReadAsWritten) {
  SymbolNames names;
  *names.Add() = "tokens";
  *names.Add() = "sequences";
  EXPECT_EQ(ExprText(MakeExpr({}), names), "0");
  EXPECT_EQ(ExprText(Constant(64), names), "64");
  EXPECT_EQ(ExprText(MakeExpr({{1, {0}}}), names), "tokens");
  EXPECT_EQ(ExprText(MakeExpr({{4096, {0}}, {64, {0, 1}, 16}, {-5, {}}, {2, {}, 3}}), names),
            "4096*tokens + 64*ceil(tokens*sequences/16) + -5 + 2*ceil(1/3)");
  google::protobuf::RepeatedPtrField<artifact::Expr> shape;
  *shape.Add() = MakeExpr({{1, {0}}});
  *shape.Add() = Constant(128);
  EXPECT_EQ(ShapeText(shape, names), "[tokens, 128]");
}

}  // namespace
}  // namespace lathe
