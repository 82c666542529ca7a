#include "ops/norm/norm_ops.h"

#include "gtest/gtest.h"
#include "ops/norm/norm_reference.h"
#include "test/support/graph/graph.h"
#include "test/support/status_matchers.h"

namespace lathe {
namespace {

using ::lathe::testing::ExpectClose;
using ::lathe::testing::Graph;
using ::lathe::testing::RandomFloats;
using ::lathe::testing::Tolerance;

std::string RmsNormText(const std::string& attributes) {
  return R"(
    func.func @main(%x: tensor<?x2x48xf32, #tokens> {lathe.name = "x"}, %w: tensor<48xbf16> {lathe.name = "w"})
        -> tensor<?x2x48xf32, #tokens> {
      %y = lathe.rms_norm %x, %w {)" +
         attributes + R"(} : tensor<?x2x48xf32, #tokens>, tensor<48xbf16>
      return %y : tensor<?x2x48xf32, #tokens>
    })";
}

class RmsNormOpTest : public ::testing::TestWithParam<double> {};

TEST_P(RmsNormOpTest, OpAndDecompositionAgreeWithTheReference) {
  Graph graph(RmsNormText("eps = 1.0e-5 : f64, offset = " + std::to_string(GetParam()) + " : f64"));
  Interpreter::NamedTensors inputs = {{"x", RandomFloats({3, 2, 48}, 1, 4.0f)},
                                      {"w", RandomFloats({48}, 2, 1.0f, DType::kBF16)}};
  HostTensor expected = RmsNormReference(inputs["x"], inputs["w"], 1e-5, GetParam());
  LATHE_ASSERT_OK_AND_ASSIGN(HostTensor direct, graph.Run(inputs));
  ExpectClose(direct, expected, 0);
  graph.DecomposeAll();
  EXPECT_EQ(graph.Print().find("rms_norm"), std::string::npos);
  LATHE_ASSERT_OK_AND_ASSIGN(HostTensor parts, graph.Run(inputs));
  ExpectClose(parts, expected, Tolerance(DType::kF32, 48));
}

INSTANTIATE_TEST_SUITE_P(Offsets, RmsNormOpTest, ::testing::Values(0.0, 1.0));

TEST(NormCostTest, RmsNorm) {
  Graph graph(RmsNormText("eps = 1.0e-5 : f64"));
  OpCost cost = llvm::cast<HasCost>(graph.Op("lathe.rms_norm")).Cost();
  EXPECT_EQ(cost.flops.ToString(), "480*tokens");
  EXPECT_EQ(cost.bytes_read.ToString(), "384*tokens + 96");
  EXPECT_EQ(cost.bytes_written.ToString(), "384*tokens");
}

TEST(LayerNormOpTest, OpAndDecompositionAgreeWithTheReference) {
  Graph graph(R"(
    func.func @main(%x: tensor<?x40xf32, #tokens> {lathe.name = "x"}, %w: tensor<40xf16> {lathe.name = "w"},
                    %b: tensor<40xf32> {lathe.name = "b"})
        -> (tensor<?x40xf32, #tokens> {lathe.name = "biased"}, tensor<?x40xf32, #tokens> {lathe.name = "plain"}) {
      %y = lathe.layer_norm %x, %w bias %b {eps = 1.0e-5 : f64} : tensor<?x40xf32, #tokens>, tensor<40xf16>, tensor<40xf32>
      %z = lathe.layer_norm %x, %w {eps = 1.0e-5 : f64} : tensor<?x40xf32, #tokens>, tensor<40xf16>
      return %y, %z : tensor<?x40xf32, #tokens>, tensor<?x40xf32, #tokens>
    })");
  Interpreter::NamedTensors inputs = {{"x", RandomFloats({3, 40}, 1, 4.0f)},
                                      {"w", RandomFloats({40}, 2, 1.0f, DType::kF16)},
                                      {"b", RandomFloats({40}, 3)}};
  HostTensor biased = LayerNormReference(inputs["x"], inputs["w"], &inputs["b"], 1e-5);
  HostTensor plain = LayerNormReference(inputs["x"], inputs["w"], nullptr, 1e-5);
  LATHE_ASSERT_OK_AND_ASSIGN(auto direct, graph.RunAll(inputs));
  ExpectClose(direct.at("biased"), biased, 0);
  ExpectClose(direct.at("plain"), plain, 0);
  graph.DecomposeAll();
  EXPECT_EQ(graph.Print().find("layer_norm"), std::string::npos);
  LATHE_ASSERT_OK_AND_ASSIGN(auto parts, graph.RunAll(inputs));
  ExpectClose(parts.at("biased"), biased, Tolerance(DType::kF32, 40));
  ExpectClose(parts.at("plain"), plain, Tolerance(DType::kF32, 40));
}

}  // namespace
}  // namespace lathe
