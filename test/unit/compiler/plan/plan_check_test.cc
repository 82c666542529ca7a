#include "compiler/plan/plan_check.h"

#include "compiler/plan/passes.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/Diagnostics.h"
#include "mlir/Pass/PassManager.h"
#include "ops/core/dialect.h"
#include "test/support/graph/graph.h"

namespace lathe {
namespace {

using testing::Graph;
using ::testing::HasSubstr;

// 64 bytes a token each; b is dead when d is written; d has a row for each logit row.
constexpr char kChain[] = R"(
  #rows = #lathe.sym<logit_rows>
  func.func @step(%x: tensor<?x16xf32, #tokens>, %r: tensor<?xi32, #rows>)
      -> (tensor<?x16xf32, #rows>, tensor<?x16xf32, #tokens>) {
    %a = lathe.dispatch "a" (%i = %x : tensor<?x16xf32, #tokens>) -> tensor<?x16xf32, #tokens> {
      %n = lathe.neg %i : tensor<?x16xf32, #tokens>
      lathe.yield %n : tensor<?x16xf32, #tokens>
    }
    %b = lathe.dispatch "b" (%i = %a : tensor<?x16xf32, #tokens>) -> tensor<?x16xf32, #tokens> {
      %n = lathe.neg %i : tensor<?x16xf32, #tokens>
      lathe.yield %n : tensor<?x16xf32, #tokens>
    }
    %c = lathe.dispatch "c" (%i = %b : tensor<?x16xf32, #tokens>) -> tensor<?x16xf32, #tokens> {
      %n = lathe.neg %i : tensor<?x16xf32, #tokens>
      lathe.yield %n : tensor<?x16xf32, #tokens>
    }
    %d = lathe.dispatch "d" (%i = %c : tensor<?x16xf32, #tokens>, %j = %r : tensor<?xi32, #rows>)
        -> tensor<?x16xf32, #rows> {
      %n = lathe.gather_rows %i, %j : tensor<?x16xf32, #tokens>, tensor<?xi32, #rows>
      lathe.yield %n : tensor<?x16xf32, #rows>
    }
    return %d, %c : tensor<?x16xf32, #rows>, tensor<?x16xf32, #tokens>
  })";

class PlanCheckTest : public ::testing::Test {
 protected:
  mlir::func::FuncOp step() { return graph_.module().lookupSymbol<mlir::func::FuncOp>("step"); }

  void SetOffset(llvm::StringRef name, llvm::StringRef offset) {
    graph_.module().walk([&](DispatchOp dispatch) {
      if (dispatch.getName() == name)
        dispatch->setAttr("buffers",
                          mlir::Builder(dispatch->getContext()).getStrArrayAttr({offset}));
    });
  }
  void SetWorkspace(llvm::StringRef bytes) {
    step()->setAttr("workspace", mlir::Builder(step()->getContext()).getStringAttr(bytes));
  }
  // A plan by hand that is right: a and c share their place, each symbol has its region.
  void SetGoodPlan() {
    SetOffset("a", "64*logit_rows");
    SetOffset("b", "64*logit_rows + 64*tokens");
    SetOffset("c", "64*logit_rows");
    SetOffset("d", "0");
    SetWorkspace("64*logit_rows + 128*tokens");
  }

  // The first error, or "" when the plan holds.
  std::string Check() {
    std::string error;
    mlir::ScopedDiagnosticHandler handler(step()->getContext(), [&](mlir::Diagnostic& diagnostic) {
      if (error.empty()) error = diagnostic.str();
      return mlir::success();
    });
    bool holds = mlir::succeeded(VerifyBufferPlan(step()));
    EXPECT_EQ(holds, error.empty());
    return error;
  }

  Graph graph_{kChain};
};

TEST_F(PlanCheckTest, AGoodPlanHolds) {
  SetGoodPlan();
  EXPECT_EQ(Check(), "");
}

TEST_F(PlanCheckTest, ThePassMakesAGoodPlan) {
  mlir::PassManager passes(step()->getContext());
  passes.addPass(CreatePlanBuffersPass());
  ASSERT_TRUE(mlir::succeeded(passes.run(graph_.module())));
  EXPECT_EQ(Check(), "");
}

TEST_F(PlanCheckTest, AnOverlapIsFound) {
  SetGoodPlan();
  SetOffset("b", "64*logit_rows");
  EXPECT_THAT(Check(),
              HasSubstr("its buffer [64*logit_rows, 64*logit_rows + 64*tokens) may overlap "
                        "[64*logit_rows, 64*logit_rows + 64*tokens) of dispatch 'a'"));
}

TEST_F(PlanCheckTest, WhatIsReturnedLivesToTheEnd) {
  SetGoodPlan();
  SetOffset("d", "64*logit_rows");
  SetWorkspace("128*logit_rows + 128*tokens");
  EXPECT_THAT(Check(), HasSubstr("of dispatch 'c', which is still in use"));
}

TEST_F(PlanCheckTest, AnOverlapForSomeValuesOnlyIsFound) {
  SetGoodPlan();
  // Apart for tokens = 1 and for 100, but not for 3: b begins inside a.
  SetOffset("b", "64*logit_rows + 128");
  SetWorkspace("64*logit_rows + 128*tokens + 128");
  EXPECT_THAT(Check(), HasSubstr("may overlap"));
}

TEST_F(PlanCheckTest, PlacesOutsideTheWorkspaceAreFound) {
  SetGoodPlan();
  SetWorkspace("64*logit_rows + 64*tokens");
  EXPECT_THAT(Check(), HasSubstr("may leave the workspace of 64*logit_rows + 64*tokens bytes"));
  SetGoodPlan();
  SetOffset("d", "-64");
  EXPECT_THAT(Check(), HasSubstr("buffer [-64, 64*logit_rows + -64) may leave the workspace"));
}

TEST_F(PlanCheckTest, PlacesThatAreNotAlignedAreFound) {
  SetGoodPlan();
  SetOffset("b", "64*logit_rows + 64*tokens + 32");
  SetWorkspace("64*logit_rows + 128*tokens + 64");
  EXPECT_THAT(Check(),
              HasSubstr("the offset 64*logit_rows + 64*tokens + 32 is not a multiple of 64"));
}

TEST_F(PlanCheckTest, MissingAndMisspeltAttributesAreFound) {
  EXPECT_THAT(Check(), HasSubstr("the workspace is missing"));
  SetGoodPlan();
  SetOffset("c", "lots and lots");
  EXPECT_THAT(Check(), HasSubstr("\"lots and lots\" is neither a number nor a name"));
}

}  // namespace
}  // namespace lathe
