#include "ops/linear/linear_ops.h"

#include "gtest/gtest.h"
#include "test/support/graph/graph.h"
#include "test/support/status_matchers.h"

namespace lathe {
namespace {

using ::lathe::testing::Graph;

constexpr char kBiased[] = R"(
  func.func @main(%x: tensor<?x3xf32, #tokens> {lathe.name = "x"}, %w: tensor<2x3xbf16> {lathe.name = "w"},
                  %b: tensor<2xf32> {lathe.name = "b"}) -> tensor<?x2xf32, #tokens> {
    %y = lathe.matmul %x, %w bias %b : tensor<?x3xf32, #tokens>, tensor<2x3xbf16>, tensor<2xf32>
    return %y : tensor<?x2xf32, #tokens>
  })";

TEST(MatmulOpTest, ComputesByTheReference) {
  Graph graph(kBiased);
  HostTensor w = HostTensor::Floats({2, 3}, {1, 0, -1, 2, 2, 2}).Cast(DType::kBF16);
  LATHE_ASSERT_OK_AND_ASSIGN(HostTensor y,
                             graph.Run({{"x", HostTensor::Floats({2, 3}, {1, 2, 3, 4, 5, 6})},
                                        {"w", w},
                                        {"b", HostTensor::Floats({2}, {10, 20})}}));
  EXPECT_THAT(y.floats(), ::testing::ElementsAre(8, 32, 8, 50));
}

TEST(MatmulOpTest, AccumulatesAsTheRunAsks) {
  Graph graph(R"(
    func.func @main(%x: tensor<1x3xf32> {lathe.name = "x"}, %w: tensor<1x3xf32> {lathe.name = "w"}) -> tensor<1x1xf32> {
      %y = lathe.matmul %x, %w : tensor<1x3xf32>, tensor<1x3xf32>
      return %y : tensor<1x1xf32>
    })");
  Interpreter::NamedTensors inputs = {
      {"x", HostTensor::Floats({1, 3}, {16777216.0f, 1.0f, -16777216.0f})},
      {"w", HostTensor::Floats({1, 3}, {1, 1, 1})}};
  LATHE_ASSERT_OK_AND_ASSIGN(HostTensor narrow, graph.Run(inputs, Accumulate::kF32));
  LATHE_ASSERT_OK_AND_ASSIGN(HostTensor wide, graph.Run(inputs, Accumulate::kF64));
  EXPECT_EQ(narrow.floats()[0], 0.0f);
  EXPECT_EQ(wide.floats()[0], 1.0f);
}

TEST(MatmulOpTest, Costs) {
  Graph graph(kBiased);
  OpCost cost = llvm::cast<HasCost>(graph.Op("lathe.matmul")).Cost();
  EXPECT_EQ(cost.flops.ToString(), "14*tokens");  // 2 outputs * (2 * 3 + 1)
  EXPECT_EQ(cost.bytes_read.ToString(), "12*tokens + 20");
  EXPECT_EQ(cost.bytes_written.ToString(), "8*tokens");
}

}  // namespace
}  // namespace lathe
