#include "compiler/plan/buffers.h"

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

// a -> b -> c, where a is read again by c, b by nobody else, and c is returned.
constexpr char kChain[] = R"(
  func.func @step(%x: tensor<?x16xf32, #tokens>, %y: tensor<6xf32>) -> tensor<?x16xf32, #tokens> {
    %a = lathe.dispatch "a" (%i = %x : tensor<?x16xf32, #tokens>) -> tensor<?x16xf32, #tokens> {
      %n = lathe.neg %i : tensor<?x16xf32, #tokens>
      lathe.yield %n : tensor<?x16xf32, #tokens>
    }
    %b:2 = lathe.dispatch "b" (%i = %a : tensor<?x16xf32, #tokens>, %j = %y : tensor<6xf32>)
        -> (tensor<?x16xf32, #tokens>, tensor<6xf32>) {
      %n = lathe.neg %i : tensor<?x16xf32, #tokens>
      %m = lathe.neg %j : tensor<6xf32>
      lathe.yield %n, %m : tensor<?x16xf32, #tokens>, tensor<6xf32>
    }
    %c = lathe.dispatch "c" (%i = %b#0 : tensor<?x16xf32, #tokens>,
        %j = %a : tensor<?x16xf32, #tokens>) -> tensor<?x16xf32, #tokens> {
      %n = lathe.add %i, %j : tensor<?x16xf32, #tokens>
      lathe.yield %n : tensor<?x16xf32, #tokens>
    }
    return %c : tensor<?x16xf32, #tokens>
  })";

TEST(BuffersTest, LivesFromTheWriterToTheLastReader) {
  Graph graph(kChain);
  std::vector<BufferUse> uses;
  auto step = graph.module().lookupSymbol<mlir::func::FuncOp>("step");
  ASSERT_TRUE(mlir::succeeded(CollectBufferUses(step, uses)));
  ASSERT_EQ(uses.size(), 4);
  auto expect = [&](size_t i, const std::string& unit, int64_t bytes, int64_t first, int64_t last) {
    EXPECT_EQ(uses[i].unit, unit) << i;
    EXPECT_EQ(uses[i].bytes_per_unit, bytes) << i;
    EXPECT_EQ(uses[i].first_use, first) << i;
    EXPECT_EQ(uses[i].last_use, last) << i;
  };
  expect(0, "tokens", 64, 0, 2);
  expect(1, "tokens", 64, 1, 2);
  expect(2, "", 24, 1, 1);        // nobody reads it, yet it is written
  expect(3, "tokens", 64, 2, 3);  // returned
}

TEST(BuffersTest, OffsetsAreReadFromTheAttributes) {
  Graph graph(kChain);
  auto dispatch = llvm::cast<DispatchOp>(graph.Op("lathe.dispatch"));
  mlir::Builder builder(dispatch->getContext());
  EXPECT_THAT(BufferOffset(dispatch, 0),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("buffer 0 of dispatch c is missing: run phase plan first")));
  dispatch->setAttr("buffers", builder.getStrArrayAttr({"64*tokens + 128", "64**tokens"}));
  LATHE_ASSERT_OK_AND_ASSIGN(SymExpr offset, BufferOffset(dispatch, 0));
  EXPECT_EQ(offset.ToString(), "64*tokens + 128");
  EXPECT_THAT(BufferOffset(dispatch, 1),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       AllOf(HasSubstr("buffer 1 of dispatch c"), HasSubstr("\"64**tokens\""))));
  EXPECT_THAT(BufferOffset(dispatch, 2),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("buffer 2")));
}

TEST(BuffersTest, TheWorkspaceStandsAtTheEntry) {
  Graph graph(kChain);
  auto step = graph.module().lookupSymbol<mlir::func::FuncOp>("step");
  EXPECT_THAT(WorkspaceBytes(step),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("the workspace is missing")));
  step->setAttr("workspace", mlir::Builder(step->getContext()).getStringAttr("192*tokens"));
  EXPECT_EQ(WorkspaceBytes(step).value().ToString(), "192*tokens");
}

}  // namespace
}  // namespace lathe
