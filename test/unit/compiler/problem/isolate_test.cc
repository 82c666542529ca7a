#include "compiler/problem/isolate.h"

#include "compiler/pipeline/contracts.h"
#include "gtest/gtest.h"
#include "ops/attention/attention_ops.h"
#include "test/support/model/tiny_model.h"
#include "test/support/status_matchers.h"

namespace lathe {
namespace {

using testing::Graph;
using testing::RunPhases;
using testing::TinyModel;

DispatchOp Find(Graph& model, llvm::StringRef part) {
  DispatchOp found;
  model.module().walk([&](DispatchOp dispatch) {
    if (!found && dispatch.getName().contains(part)) found = dispatch;
  });
  return found;
}

mlir::func::FuncOp Step(mlir::ModuleOp module) {
  return module.lookupSymbol<mlir::func::FuncOp>("step");
}

std::vector<std::string> ArgumentNames(mlir::func::FuncOp func) {
  std::vector<std::string> names;
  for (unsigned i = 0; i < func.getNumArguments(); ++i)
    names.push_back(func.getArgAttrOfType<mlir::StringAttr>(i, "lathe.name").getValue().str());
  return names;
}

TEST(IsolateTest, KeepsNamesOfInputsThroughLayersAndTheContractOfSelect) {
  std::unique_ptr<Graph> model = TinyModel();
  LATHE_ASSERT_OK(RunPhases(*model, Phase::kSelect));
  DispatchOp attention = Find(*model, "attention");
  ASSERT_TRUE(attention);
  LATHE_ASSERT_OK_AND_ASSIGN(auto alone, Isolate(attention, CallSites(model->module())));
  EXPECT_TRUE(mlir::succeeded(VerifyContract(Phase::kSelect, *alone)));
  EXPECT_THAT(ArgumentNames(Step(*alone)),
              ::testing::IsSupersetOf({"kv", "positions", "row_sequence", "operand0"}));
  auto layer = *Step(*alone).front().getOps<CacheLayerOp>().begin();
  EXPECT_EQ(layer.getIndex(), 0u);
  EXPECT_EQ(layer.ModelLayerOrIndex(), 1);
  EXPECT_EQ(alone->getOperation()->getAttrOfType<mlir::StringAttr>("lathe.family").getValue(),
            "tiny");
}

TEST(IsolateTest, DropsWhatLaterPhasesDecided) {
  std::unique_ptr<Graph> model = TinyModel();
  LATHE_ASSERT_OK(RunPhases(*model, Phase::kPlan));
  DispatchOp norm = Find(*model, "layers.3.");
  ASSERT_TRUE(norm);
  EXPECT_TRUE(norm->hasAttr("symbols"));
  LATHE_ASSERT_OK_AND_ASSIGN(auto alone, Isolate(norm, CallSites(model->module())));
  DispatchOp copy = *Step(*alone).front().getOps<DispatchOp>().begin();
  EXPECT_FALSE(copy->hasAttr("symbols"));
  EXPECT_FALSE(copy->hasAttr("buffers"));
  EXPECT_TRUE(copy->hasAttr("kernels"));
  EXPECT_EQ(copy.getName(), norm.getName());
  // The weight of its own layer, and no other.
  ASSERT_EQ(std::distance(alone->getOps<ParamOp>().begin(), alone->getOps<ParamOp>().end()), 1);
  EXPECT_EQ((*alone->getOps<ParamOp>().begin()).getSymName(), "layers.3.norm");
}

TEST(IsolateTest, AWeightThatAnotherMatmulReadsStaysPacked) {
  std::unique_ptr<Graph> model = TinyModel();
  LATHE_ASSERT_OK(RunPhases(*model, Phase::kPlan));
  DispatchOp embed = Find(*model, "embed");
  ASSERT_TRUE(embed);
  LATHE_ASSERT_OK_AND_ASSIGN(auto alone, Isolate(embed, CallSites(model->module())));
  EXPECT_TRUE((*alone->getOps<ParamOp>().begin())->hasAttr("lathe.packed"));
}

TEST(IsolateTest, AModuleThatCallsItselfEnds) {
  Graph graph(R"(
    func.func private @loop(%x: tensor<4xf32>) -> tensor<4xf32> {
      %y = lathe.dispatch "add" (%a = %x: tensor<4xf32>) -> tensor<4xf32> {
        %s = lathe.add %a, %a : tensor<4xf32>
        lathe.yield %s : tensor<4xf32>
      }
      %z = call @loop(%x) : (tensor<4xf32>) -> tensor<4xf32>
      return %z : tensor<4xf32>
    }
    func.func @main(%x: tensor<4xf32> {lathe.name = "x"}) -> (tensor<4xf32> {lathe.name = "y"}) {
      return %x : tensor<4xf32>
    })");
  LATHE_ASSERT_OK_AND_ASSIGN(auto alone, Isolate(Find(graph, "add"), CallSites(graph.module())));
  EXPECT_THAT(ArgumentNames(Step(*alone)), ::testing::ElementsAre("operand0"));
}

TEST(IsolateTest, IntegersOfOtherDispatchesKeepTheirNames) {
  Graph graph(R"(
    func.func @step(%e: tensor<?x2xi32, #tokens> {lathe.name = "e"}, %x: tensor<?x2x8xf32, #tokens> {lathe.name = "x"},
                    %w: tensor<3x4x8xf32> {lathe.name = "w"}) -> (tensor<?x2x4xf32, #tokens> {lathe.name = "y"}) {
      %r, %p, %n = lathe.dispatch "order" (%i = %e : tensor<?x2xi32, #tokens>)
          -> (tensor<?x2xi32, #tokens>, tensor<?x2xi32, #tokens>, tensor<3xi32>) {
        %a, %b, %c = lathe.moe_dispatch %i among 3 : tensor<?x2xi32, #tokens>
        lathe.yield %a, %b, %c : tensor<?x2xi32, #tokens>, tensor<?x2xi32, #tokens>, tensor<3xi32>
      }
      %y = lathe.dispatch "product" (%i = %x : tensor<?x2x8xf32, #tokens>, %j = %n : tensor<3xi32>, %k = %w : tensor<3x4x8xf32>)
          -> tensor<?x2x4xf32, #tokens> {
        %a = lathe.grouped_matmul %i, %j, %k : tensor<?x2x8xf32, #tokens>, tensor<3xi32>, tensor<3x4x8xf32>
        lathe.yield %a : tensor<?x2x4xf32, #tokens>
      }
      return %y : tensor<?x2x4xf32, #tokens>
    })");
  DispatchOp product = Find(graph, "product");
  ASSERT_TRUE(product);
  LATHE_ASSERT_OK_AND_ASSIGN(auto alone, Isolate(product, CallSites(graph.module())));
  EXPECT_THAT(ArgumentNames(Step(*alone)), ::testing::ElementsAre("x", "ends.1", "w"));
}

}  // namespace
}  // namespace lathe
