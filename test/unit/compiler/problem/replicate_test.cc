#include "compiler/problem/replicate.h"

#include "compiler/pipeline/pipeline.h"
#include "compiler/problem/problem.h"
#include "gtest/gtest.h"
#include "ops/attention/attention_ops.h"
#include "test/support/model/tiny_model.h"
#include "test/support/status_matchers.h"

namespace lathe {
namespace {

using ::testing::ElementsAre;
using testing::Graph;

class ReplicateTest : public ::testing::Test {
 protected:
  void SetUp() override { LATHE_ASSERT_OK(testing::RunPhases(*model_, Phase::kPlan)); }

  Problem Extract(absl::string_view name) {
    absl::StatusOr<Problem> problem = ExtractProblem(model_->module(), name);
    EXPECT_TRUE(problem.ok()) << problem.status().ToString();
    return *std::move(problem);
  }

  std::unique_ptr<Graph> model_ = testing::TinyModel();
};

template <typename Op>
std::vector<Op> OpsOf(mlir::ModuleOp module) {
  std::vector<Op> ops;
  module.walk([&](Op op) { ops.push_back(op); });
  return ops;
}

TEST_F(ReplicateTest, CopiesReadWeightsOfTheirOwn) {
  Problem head = Extract("head");
  auto many = Replicate(*head.module, {.copies = 3});
  std::vector<std::string> params;
  for (ParamOp param : OpsOf<ParamOp>(*many)) params.push_back(param.getSymName().str());
  EXPECT_THAT(params, ::testing::UnorderedElementsAre("embed", "embed#1", "embed#2"));
  EXPECT_EQ(OpsOf<DispatchOp>(*many).size(), 3u);
  EXPECT_EQ(OriginalWeight("embed#12"), "embed");
  EXPECT_EQ(OriginalWeight("embed"), "embed");
  auto shared = Replicate(*head.module, {.copies = 3, .shares_weights = true});
  EXPECT_EQ(OpsOf<ParamOp>(*shared).size(), 1u);
  EXPECT_EQ(OpsOf<DispatchOp>(*shared).size(), 3u);
}

TEST_F(ReplicateTest, CopiesReadOneCacheLayerAfterTheOther) {
  Problem attention = Extract("layers.3.attn:attention");
  auto many = Replicate(*attention.module, {.copies = 3});
  std::vector<uint64_t> layers;
  for (CacheLayerOp layer : OpsOf<CacheLayerOp>(*many)) layers.push_back(layer.getIndex());
  EXPECT_THAT(layers, ElementsAre(1, 0, 1));
}

TEST_F(ReplicateTest, CopiesKeepTheContractAndCompile) {
  LATHE_ASSERT_OK_AND_ASSIGN(std::vector<Problem> problems, ExtractProblems(model_->module()));
  for (const Problem& problem : problems) {
    auto many = Replicate(*problem.module, {.copies = 4});
    for (Phase phase : {Phase::kLower, Phase::kPlan})
      LATHE_EXPECT_OK(RunPhase(phase, *many, CompileOptions())) << problem.name;
  }
}

}  // namespace
}  // namespace lathe
