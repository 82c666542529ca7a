#include "compiler/select/dispatch_view.h"

#include "gtest/gtest.h"
#include "ops/dialect.h"
#include "ops/elementwise/elementwise_ops.h"
#include "ops/linear/linear_ops.h"
#include "test/support/graph/graph.h"
#include "test/support/status_matchers.h"

namespace lathe {
namespace {

using ::testing::AllOf;
using testing::Graph;
using ::testing::HasSubstr;
using testing::StatusIs;

constexpr char kReshaped[] = R"(
  func.func @step(%x: tensor<?x32xf32, #tokens>, %w: tensor<32x32xf32>)
      -> (tensor<?x2x16xf32, #tokens>, tensor<?x32xf32, #tokens>) {
    %y:2 = lathe.dispatch "d" (%a = %w : tensor<32x32xf32>, %b = %x : tensor<?x32xf32, #tokens>)
        -> (tensor<?x2x16xf32, #tokens>, tensor<?x32xf32, #tokens>) {
      %r = lathe.reshape %b : tensor<?x32xf32, #tokens> -> tensor<?x2x16xf32, #tokens>
      %n = lathe.neg %r : tensor<?x2x16xf32, #tokens>
      %o = lathe.reshape %n : tensor<?x2x16xf32, #tokens> -> tensor<?x32xf32, #tokens>
      %m = lathe.matmul %o, %a : tensor<?x32xf32, #tokens>, tensor<32x32xf32>
      lathe.yield %r, %m : tensor<?x2x16xf32, #tokens>, tensor<?x32xf32, #tokens>
    }
    return %y#0, %y#1 : tensor<?x2x16xf32, #tokens>, tensor<?x32xf32, #tokens>
  })";

TEST(DispatchViewTest, OperandsAndResultsAreSeenThroughReshapes) {
  Graph graph(kReshaped);
  auto dispatch = llvm::cast<DispatchOp>(graph.Op("lathe.dispatch"));
  auto matmul = llvm::cast<MatmulOp>(graph.Op("lathe.matmul"));
  mlir::Value negated = graph.Op("lathe.neg")->getResult(0);
  mlir::Value reshaped = graph.Op("lathe.neg")->getOperand(0);
  EXPECT_EQ(OperandNumber(dispatch, reshaped), 1);
  EXPECT_EQ(OperandNumber(dispatch, matmul.getWeight()), 0);
  EXPECT_EQ(OperandNumber(dispatch, matmul.getX()), std::nullopt);
  EXPECT_EQ(OperandNumber(dispatch, dispatch.getInputs()[0]), std::nullopt);
  EXPECT_EQ(StripReshapes(matmul.getX()), negated);
  EXPECT_EQ(ResultNumber(dispatch, matmul.getY()), 1);
  EXPECT_EQ(ResultNumber(dispatch, reshaped), 0);
  EXPECT_EQ(ResultNumber(dispatch, negated), std::nullopt);
  EXPECT_EQ(RowWidth(negated), 32);
  EXPECT_EQ(Rows(negated).ToString(), "tokens");
  EXPECT_TRUE(OnlyOp<MatmulOp>(dispatch));
  EXPECT_FALSE(OnlyOp<ReshapeOp>(dispatch));
  EXPECT_FALSE(OnlyOp<AddOp>(dispatch));
}

TEST(DispatchViewTest, BindingsNeedWhatIsOutside) {
  Graph graph(kReshaped);
  auto dispatch = llvm::cast<DispatchOp>(graph.Op("lathe.dispatch"));
  auto matmul = llvm::cast<MatmulOp>(graph.Op("lathe.matmul"));
  LATHE_ASSERT_OK_AND_ASSIGN(Binding weight, InputBinding(dispatch, matmul.getWeight(), "k1n16"));
  EXPECT_EQ(weight.index, 0);
  EXPECT_EQ(weight.layout, "k1n16");
  EXPECT_FALSE(weight.is_written);
  LATHE_ASSERT_OK_AND_ASSIGN(Binding output, OutputBinding(dispatch, matmul.getY()));
  EXPECT_EQ(output.index, 1);
  EXPECT_TRUE(output.is_written);
  EXPECT_THAT(InputBinding(dispatch, matmul.getX()),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       HasSubstr("is computed inside the dispatch")));
  EXPECT_THAT(OutputBinding(dispatch, matmul.getX()),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       HasSubstr("is not a result of the dispatch")));
}

// A gather of two tables through one function: what @step does with them decides how they are
// stored.
std::string Gathers(const std::string& step) {
  return R"(
    lathe.param @a : tensor<64x32xbf16>
    lathe.param @b : tensor<64x32xbf16>
    func.func private @gather(%w: tensor<64x32xbf16>, %t: tensor<?xi32, #tokens>)
        -> tensor<?x32xf32, #tokens> {
      %y = lathe.dispatch "gather" (%i = %w : tensor<64x32xbf16>, %j = %t : tensor<?xi32, #tokens>)
          -> tensor<?x32xf32, #tokens> {
        %e = lathe.embed %i, %j : tensor<64x32xbf16>, tensor<?xi32, #tokens>
        lathe.yield %e : tensor<?x32xf32, #tokens>
      }
      return %y : tensor<?x32xf32, #tokens>
    }
    func.func private @project(%w: tensor<64x32xbf16>, %x: tensor<?x32xf32, #tokens>)
        -> tensor<?x64xf32, #tokens> {
      %y = lathe.matmul %x, %w : tensor<?x32xf32, #tokens>, tensor<64x32xbf16>
      return %y : tensor<?x64xf32, #tokens>
    }
    func.func @step(%t: tensor<?xi32, #tokens>) {
      %a = lathe.weight @a : tensor<64x32xbf16>
      %b = lathe.weight @b : tensor<64x32xbf16>)" +
         step + "  return\n}";
}

constexpr char kGather[] = R"(
  %{x} = call @gather(%{w}, %t)
      : (tensor<64x32xbf16>, tensor<?xi32, #tokens>) -> tensor<?x32xf32, #tokens>
)";
constexpr char kProject[] = R"(
  %p{w} = call @project(%{w}, %xa)
      : (tensor<64x32xbf16>, tensor<?x32xf32, #tokens>) -> tensor<?x64xf32, #tokens>
)";

std::string For(std::string text, const std::string& weight) {
  for (size_t at; (at = text.find("{x}")) != std::string::npos;) text.replace(at, 3, "x" + weight);
  for (size_t at; (at = text.find("{w}")) != std::string::npos;) text.replace(at, 3, weight);
  return text;
}

absl::StatusOr<std::string> LayoutOf(const std::string& step) {
  Graph graph(Gathers(step));
  return StoredLayout(llvm::cast<DispatchOp>(graph.Op("lathe.dispatch")), 0);
}

TEST(DispatchViewTest, AMatmulAnywhereDecidesHowAWeightIsStored) {
  EXPECT_EQ(LayoutOf(For(kGather, "a")).value(), "rows");
  EXPECT_EQ(LayoutOf(For(kGather, "a") + For(kProject, "a")).value(), "k2n16");
  // Another weight's matmul means nothing to it.
  EXPECT_EQ(LayoutOf(For(kGather, "a") + For(kProject, "b")).value(), "rows");
}

TEST(DispatchViewTest, OneFunctionCannotGatherFromTwoLayouts) {
  EXPECT_THAT(LayoutOf(For(kGather, "a") + For(kGather, "b") + For(kProject, "b")),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       AllOf(HasSubstr("weight b is stored as k2n16"), HasSubstr("rows"))));
}

}  // namespace
}  // namespace lathe
