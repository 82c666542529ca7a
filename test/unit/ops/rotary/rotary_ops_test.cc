#include "ops/rotary/rotary_ops.h"

#include "gtest/gtest.h"
#include "ops/rotary/rotary_reference.h"
#include "test/support/graph/graph.h"
#include "test/support/status_matchers.h"

namespace lathe {
namespace {

using ::lathe::testing::ExpectClose;
using ::lathe::testing::Graph;
using ::lathe::testing::RandomFloats;
using ::lathe::testing::Tolerance;

// Heads of 12 with `half` pairs.
std::string Text(int half) {
  std::string table = "tensor<?x" + std::to_string(half) + "xf32, #tokens>";
  return R"(
    func.func @main(%x: tensor<?x3x12xf32, #tokens> {lathe.name = "x"}, %p: tensor<?xi32, #tokens> {lathe.name = "p"},
                    %f: tensor<)" +
         std::to_string(half) + R"(xf32> {lathe.name = "f"}) -> tensor<?x3x12xf32, #tokens> {
      %cos, %sin = lathe.rope_table %p, %f {scaling = 1.25 : f64} : tensor<?xi32, #tokens>, tensor<)" +
         std::to_string(half) + R"(xf32>
      %y = lathe.rope %x, %cos, %sin : tensor<?x3x12xf32, #tokens>, )" +
         table + R"(
      return %y : tensor<?x3x12xf32, #tokens>
    })";
}

class RotaryOpsTest : public ::testing::TestWithParam<int> {};

TEST_P(RotaryOpsTest, OpsAndDecompositionsAgreeWithTheReference) {
  Graph graph(Text(GetParam()));
  Interpreter::NamedTensors inputs = {{"x", RandomFloats({4, 3, 12}, 1)},
                                      {"p", HostTensor::Ints({4}, {0, 1, 77, 1000000})},
                                      {"f", RandomFloats({GetParam()}, 2)}};
  auto [cos, sin] = RopeTableReference(inputs["p"], inputs["f"], 1.25);
  HostTensor expected = RopeReference(inputs["x"], cos, sin);
  LATHE_ASSERT_OK_AND_ASSIGN(HostTensor direct, graph.Run(inputs));
  ExpectClose(direct, expected, 0);
  graph.DecomposeAll();
  EXPECT_EQ(graph.Print().find("rope"), std::string::npos);
  LATHE_ASSERT_OK_AND_ASSIGN(HostTensor parts, graph.Run(inputs));
  ExpectClose(parts, expected, Tolerance(DType::kF32, 2));
}

INSTANTIATE_TEST_SUITE_P(Halves, RotaryOpsTest, ::testing::Values(6, 4, 1));

TEST(RotaryCostTest, TableAndRotation) {
  Graph graph(Text(4));
  OpCost table = llvm::cast<HasCost>(graph.Op("lathe.rope_table")).Cost();
  EXPECT_EQ(table.flops.ToString(), "20*tokens");
  EXPECT_EQ(table.bytes_read.ToString(), "4*tokens + 16");
  EXPECT_EQ(table.bytes_written.ToString(), "32*tokens");
  OpCost rope = llvm::cast<HasCost>(graph.Op("lathe.rope")).Cost();
  EXPECT_EQ(rope.flops.ToString(), "72*tokens");  // 3 heads * 8 rotated components * 3
  EXPECT_EQ(rope.bytes_read.ToString(), "176*tokens");
  EXPECT_EQ(rope.bytes_written.ToString(), "144*tokens");
}

}  // namespace
}  // namespace lathe
