#include "compiler/select/candidates.h"

#include "gtest/gtest.h"
#include "mlir/IR/Builders.h"
#include "test/support/graph/graph.h"
#include "test/support/status_matchers.h"

namespace lathe {
namespace {

using ::testing::AllOf;
using testing::Graph;
using ::testing::HasSubstr;
using testing::StatusIs;

constexpr char kSilu[] = R"(
  func.func @step(%x: tensor<?x32xf32, #tokens>) -> tensor<?x32xf32, #tokens> {
    %y = lathe.dispatch "act" (%a = %x : tensor<?x32xf32, #tokens>) -> tensor<?x32xf32, #tokens> {
      %n = lathe.silu %a : tensor<?x32xf32, #tokens>
      lathe.yield %n : tensor<?x32xf32, #tokens>
    }
    return %y : tensor<?x32xf32, #tokens>
  })";

class CandidatesTest : public ::testing::Test {
 protected:
  void SetUp() override { LATHE_ASSERT_OK_AND_ASSIGN(cpu_, FindTarget("cpu")); }
  void SetKernel(llvm::StringRef name) {
    mlir::Builder builder(dispatch_->getContext());
    dispatch_->setAttr("kernels", builder.getDictionaryAttr(
                                      builder.getNamedAttr("cpu", builder.getStringAttr(name))));
  }

  Graph graph_{kSilu};
  DispatchOp dispatch_ = llvm::cast<DispatchOp>(graph_.Op("lathe.dispatch"));
  Target cpu_;
};

TEST_F(CandidatesTest, AreFoundByTargetAndName) {
  for (const Candidate& candidate : AllCandidates()) {
    LATHE_ASSERT_OK_AND_ASSIGN(Candidate found, FindCandidate(candidate.target, candidate.name));
    EXPECT_EQ(found.match, candidate.match) << candidate.name;
  }
  EXPECT_THAT(FindCandidate(TargetKind::kCpu, "matmull"),
              StatusIs(absl::StatusCode::kNotFound,
                       HasSubstr("there are: grouped_matmul, matmul, attention, rope_table, argmax, sample, moe_route, moe_dispatch, moe_combine, rowwise")));
  EXPECT_THAT(FindCandidate(TargetKind::kCuda, "matmul"),
              StatusIs(absl::StatusCode::kNotFound, HasSubstr("there are: none")));
}

TEST_F(CandidatesTest, TheChosenKernelIsMatchedAgain) {
  SetKernel("rowwise");
  EXPECT_EQ(ChosenKernelName(dispatch_, cpu_).value(), "rowwise");
  LATHE_ASSERT_OK_AND_ASSIGN(KernelChoice choice, ChosenKernel(dispatch_, cpu_));
  LATHE_ASSERT_OK_AND_ASSIGN(KernelChoice direct, MatchCpuRowwise(dispatch_));
  EXPECT_EQ(choice.key, direct.key);
  ASSERT_EQ(choice.bindings.size(), 2);
  EXPECT_EQ(choice.bindings[0].kind, Binding::Kind::kInput);
  EXPECT_EQ(choice.bindings[1].kind, Binding::Kind::kOutput);
  EXPECT_TRUE(choice.bindings[1].is_written);
}

TEST_F(CandidatesTest, WhatWasNotChosenOrCannotRunIsAnError) {
  EXPECT_THAT(ChosenKernel(dispatch_, cpu_),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("dispatch act has no kernel for target cpu: run phase select")));
  SetKernel("gpu_magic");
  EXPECT_THAT(ChosenKernel(dispatch_, cpu_),
              StatusIs(absl::StatusCode::kNotFound,
                       AllOf(HasSubstr("dispatch act"), HasSubstr("\"gpu_magic\""))));
  SetKernel("attention");
  EXPECT_THAT(ChosenKernel(dispatch_, cpu_),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       HasSubstr("dispatch act as attention: there is no single attention")));
}

TEST_F(CandidatesTest, AKernelMustWriteEveryResult) {
  Candidate forgetful{"forgetful", TargetKind::kCpu,
                      [](DispatchOp) -> absl::StatusOr<KernelChoice> { return KernelChoice(); }};
  EXPECT_THAT(Match(forgetful, dispatch_),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       HasSubstr("does not write result 0 of the dispatch")));
}

}  // namespace
}  // namespace lathe
