#include "ops/core/verify.h"

#include "gtest/gtest.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/Diagnostics.h"
#include "ops/core/dialect.h"
#include "ops/dialect.h"

namespace lathe {
namespace {

class VerifyTest : public ::testing::Test {
 protected:
  VerifyTest()
      : handler_(&context_, [this](mlir::Diagnostic& diagnostic) { said_ = diagnostic.str(); }) {
    LoadDialects(context_);
    op_ = mlir::ModuleOp::create(mlir::UnknownLoc::get(&context_));
  }
  mlir::RankedTensorType Type(llvm::ArrayRef<Extent> extents) {
    return MakeTensorType(&context_, extents, ElementType(&context_, DType::kF32));
  }

  mlir::MLIRContext context_;
  std::string said_;
  mlir::ScopedDiagnosticHandler handler_;
  mlir::OwningOpRef<mlir::ModuleOp> op_;
};

TEST_F(VerifyTest, WhatHoldsSaysNothing) {
  EXPECT_TRUE(succeeded(Require(*op_, true, 1, "no")));
  EXPECT_TRUE(succeeded(RequireShape(*op_, 1, "x", Type({"tokens", 4}), {"tokens", 4}, "why")));
  EXPECT_TRUE(succeeded(RequireRank(*op_, 1, "x", Type({4}), 1)));
  EXPECT_TRUE(succeeded(RequireStaticLastExtent(*op_, 1, "x", Type({"tokens", 4}))));
  EXPECT_EQ(said_, "");
}

TEST_F(VerifyTest, MessagesCarryLabelFoundAndExpected) {
  EXPECT_TRUE(failed(Require(*op_, false, 3, "left and right differ")));
  EXPECT_EQ(said_, "'builtin.module' op C3: left and right differ");
  EXPECT_TRUE(failed(RequireShape(*op_, 1, "weight", Type({48}), {64}, "the last extent of x")));
  EXPECT_EQ(said_, "'builtin.module' op C1: weight is [48], expected [64]: the last extent of x");
  EXPECT_TRUE(failed(RequireShape(*op_, 1, "x", Type({"rows"}), {"tokens"}, "why")));
  EXPECT_EQ(said_, "'builtin.module' op C1: x is [rows], expected [tokens]: why");
  EXPECT_TRUE(failed(RequireRank(*op_, 2, "x", Type({4}), 2)));
  EXPECT_EQ(said_, "'builtin.module' op C2: x is [4], expected rank 2");
  EXPECT_TRUE(failed(RequireStaticLastExtent(*op_, 2, "x", Type({4, "tokens"}))));
  EXPECT_EQ(said_,
            "'builtin.module' op C2: x is [4, tokens], expected a static last extent above 0");
}

TEST(ToTextTest, NumbersAreShort) {
  EXPECT_EQ(ToText(0.5), "0.5");
  EXPECT_EQ(ToText(1e-6), "1e-06");
}

}  // namespace
}  // namespace lathe
