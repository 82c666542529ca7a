#include "compiler/passes/dispatch_paths.h"

#include <set>

#include "gmock/gmock.h"
#include "test/support/model/tiny_model.h"
#include "test/support/status_matchers.h"

namespace lathe {
namespace {

using testing::Graph;
using testing::kTinyModelDispatches;

std::multiset<std::string> AllPaths(mlir::ModuleOp module) {
  std::multiset<std::string> paths;
  module.walk([&](DispatchOp dispatch) {
    for (const std::string& path : DispatchPaths(dispatch)) paths.insert(path);
  });
  return paths;
}

// Before plan a dispatch of a layer has a path for each layer; plan makes these the names.
TEST(DispatchPathsTest, AreTheNamesAfterPhasePlan) {
  std::unique_ptr<Graph> model = testing::TinyModel();
  LATHE_ASSERT_OK(testing::RunPhases(*model, Phase::kLower));
  const std::multiset<std::string> before = AllPaths(model->module());
  EXPECT_EQ(before.size(), static_cast<size_t>(kTinyModelDispatches));
  std::unique_ptr<Graph> planned = testing::TinyModel();
  LATHE_ASSERT_OK(testing::RunPhases(*planned, Phase::kPlan));
  std::multiset<std::string> names;
  planned->module().walk([&](DispatchOp dispatch) { names.insert(dispatch.getName().str()); });
  EXPECT_EQ(before, names);
  EXPECT_EQ(AllPaths(planned->module()), names);
}

// Contracts refuse recursion, but a dump may be read that never met one.
TEST(DispatchPathsTest, RecursionEnds) {
  Graph graph(R"(
    func.func private @f(%x: tensor<?xf32, #tokens>) -> tensor<?xf32, #tokens> {
      %y = lathe.dispatch "act" (%a = %x : tensor<?xf32, #tokens>) -> tensor<?xf32, #tokens> {
        %s = lathe.silu %a : tensor<?xf32, #tokens>
        lathe.yield %s : tensor<?xf32, #tokens>
      }
      %z = call @f(%y) : (tensor<?xf32, #tokens>) -> tensor<?xf32, #tokens> loc("again")
      return %z : tensor<?xf32, #tokens>
    }
    func.func @step(%x: tensor<?xf32, #tokens>) -> tensor<?xf32, #tokens> {
      %z = call @f(%x) : (tensor<?xf32, #tokens>) -> tensor<?xf32, #tokens> loc("layer")
      return %z : tensor<?xf32, #tokens>
    })");
  auto dispatch = llvm::cast<DispatchOp>(graph.Op("lathe.dispatch"));
  EXPECT_THAT(DispatchPaths(dispatch), ::testing::Contains("layer.act"));
}

}  // namespace
}  // namespace lathe
