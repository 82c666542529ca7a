#include "ops/elementwise/elementwise_ops.h"

#include "gtest/gtest.h"
#include "ops/elementwise/elementwise_reference.h"
#include "test/support/graph/graph.h"
#include "test/support/status_matchers.h"

namespace lathe {
namespace {

using ::lathe::testing::ExpectClose;
using ::lathe::testing::Graph;
using ::lathe::testing::RandomFloats;
using ::lathe::testing::Tolerance;
using ::testing::ElementsAre;

// A graph of one op with one operand "x" [tokens, 6] (or two, "x" and "z") and the result type of
// x.
std::string OneOp(const std::string& op, const std::string& element = "f32") {
  std::string type = "tensor<?x6x" + element + ", #tokens>";
  return "func.func @main(%x: " + type + " {lathe.name = \"x\"}, %z: " + type +
         " {lathe.name = \"z\"}) -> " + type + " {\n  %y = " + op + " : " + type +
         "\n  return %y : " + type + "\n}";
}

Interpreter::NamedTensors Inputs(DType dtype = DType::kF32) {
  return {{"x", RandomFloats({5, 6}, 1, 6.0f, dtype)}, {"z", RandomFloats({5, 6}, 2, 6.0f, dtype)}};
}

struct UnaryCase {
  const char* name;
  UnaryKind kind;
};

TEST(ElementwiseOpsTest, UnaryOpsComputeByTheirReference) {
  for (UnaryCase c : {UnaryCase{"neg", UnaryKind::kNeg},
                      {"exp", UnaryKind::kExp},
                      {"rsqrt", UnaryKind::kRsqrt},
                      {"cos", UnaryKind::kCos},
                      {"sin", UnaryKind::kSin},
                      {"sigmoid", UnaryKind::kSigmoid},
                      {"silu", UnaryKind::kSilu},
                      {"softplus", UnaryKind::kSoftplus}}) {
    SCOPED_TRACE(c.name);
    Graph graph(OneOp(std::string("lathe.") + c.name + " %x"));
    Interpreter::NamedTensors inputs = Inputs();
    for (float& value : inputs["x"].floats()) value = std::abs(value);
    LATHE_ASSERT_OK_AND_ASSIGN(HostTensor y, graph.Run(inputs));
    ExpectClose(y, UnaryReference(c.kind, inputs["x"]), 0);
    EXPECT_EQ(llvm::cast<HasCost>(graph.Op(std::string("lathe.") + c.name)).Cost().flops.ToString(),
              "6*tokens");
  }
}

TEST(ElementwiseOpsTest, BinaryOpsComputeByTheirReference) {
  Interpreter::NamedTensors inputs = Inputs();
  for (auto [name, kind] :
       {std::pair("add", BinaryKind::kAdd), std::pair("sub", BinaryKind::kSub),
        std::pair("mul", BinaryKind::kMul), std::pair("div", BinaryKind::kDiv)}) {
    SCOPED_TRACE(name);
    Graph graph(OneOp(std::string("lathe.") + name + " %x, %z"));
    LATHE_ASSERT_OK_AND_ASSIGN(HostTensor y, graph.Run(inputs));
    ExpectClose(y, BinaryReference(kind, inputs["x"], inputs["z"]), 0);
  }
}

TEST(ElementwiseOpsTest, ClampAndScaleReadTheirAttributes) {
  Interpreter::NamedTensors inputs = Inputs();
  Graph clamp(OneOp("lathe.clamp %x {low = -1.5 : f64, high = 0x7FF0000000000000 : f64}"));
  LATHE_ASSERT_OK_AND_ASSIGN(HostTensor y, clamp.Run(inputs));
  ExpectClose(y, ClampReference(inputs["x"], -1.5, HUGE_VAL), 0);
  Graph scale(OneOp("lathe.scale %x {factor = 3.0 : f64, offset = 0.5 : f64}"));
  LATHE_ASSERT_OK_AND_ASSIGN(y, scale.Run(inputs));
  ExpectClose(y, ScaleReference(inputs["x"], 3.0, 0.5), 0);
}

class ActivationTest : public ::testing::TestWithParam<std::pair<std::string, std::string>> {};

TEST_P(ActivationTest, DecompositionAgreesWithTheOp) {
  auto [op, element] = GetParam();
  DType dtype = element == "bf16" ? DType::kBF16 : element == "f16" ? DType::kF16 : DType::kF32;
  Graph graph(OneOp(op, element));
  LATHE_ASSERT_OK_AND_ASSIGN(HostTensor direct, graph.Run(Inputs(dtype)));
  graph.DecomposeAll();
  EXPECT_EQ(graph.Print().find(op.substr(0, op.find(' '))), std::string::npos);
  LATHE_ASSERT_OK_AND_ASSIGN(HostTensor parts, graph.Run(Inputs(dtype)));
  ExpectClose(parts, direct, Tolerance(dtype, 1));
}

INSTANTIATE_TEST_SUITE_P(
    Activations, ActivationTest,
    ::testing::Values(std::pair("lathe.sigmoid %x", "f32"), std::pair("lathe.sigmoid %x", "bf16"),
                      std::pair("lathe.silu %x", "f32"), std::pair("lathe.silu %x", "f16"),
                      std::pair("lathe.swiglu %x, %z", "f32"),
                      std::pair("lathe.swiglu %x, %z", "bf16"),
                      std::pair("lathe.swiglu %x, %z {limit = 2.0 : f64}", "f32")));

TEST(ElementwiseOpsTest, SwigluUsesItsLimit) {
  Graph graph(OneOp("lathe.swiglu %x, %z {limit = 2.0 : f64}"));
  Interpreter::NamedTensors inputs = Inputs();
  LATHE_ASSERT_OK_AND_ASSIGN(HostTensor y, graph.Run(inputs));
  ExpectClose(y, SwigluReference(inputs["x"], inputs["z"], 2.0), 0);
  EXPECT_EQ(llvm::cast<HasCost>(graph.Op("lathe.swiglu")).Cost().flops.ToString(), "42*tokens");
}

TEST(ElementwiseOpsTest, ExtentsAreMoved) {
  Graph graph(R"(
    func.func @main(%x: tensor<?x6xf32, #tokens> {lathe.name = "x"})
        -> (tensor<?x2x3xf32, #tokens> {lathe.name = "reshape"}, tensor<?x6xbf16, #tokens> {lathe.name = "cast"},
            tensor<?x1xf32, #tokens> {lathe.name = "reduce"}, tensor<?x6xf32, #tokens> {lathe.name = "broadcast"},
            tensor<?x2xf32, #tokens> {lathe.name = "slice"}, tensor<?x8xf32, #tokens> {lathe.name = "concat"}) {
      %r = lathe.reshape %x : tensor<?x6xf32, #tokens> -> tensor<?x2x3xf32, #tokens>
      %c = lathe.cast %x : tensor<?x6xf32, #tokens> -> tensor<?x6xbf16, #tokens>
      %m = lathe.reduce "max" %x : tensor<?x6xf32, #tokens>
      %b = lathe.broadcast %m : tensor<?x1xf32, #tokens> -> tensor<?x6xf32, #tokens>
      %s = lathe.slice %x[1, 3] : tensor<?x6xf32, #tokens>
      %j = lathe.concat %s, %x : tensor<?x2xf32, #tokens>, tensor<?x6xf32, #tokens>
      return %r, %c, %m, %b, %s, %j : tensor<?x2x3xf32, #tokens>, tensor<?x6xbf16, #tokens>, tensor<?x1xf32, #tokens>,
          tensor<?x6xf32, #tokens>, tensor<?x2xf32, #tokens>, tensor<?x8xf32, #tokens>
    })");
  HostTensor x = HostTensor::Floats({1, 6}, {1, 2, 3, 9, 5, 1.00390625f});
  LATHE_ASSERT_OK_AND_ASSIGN(auto outputs, graph.RunAll({{"x", x}}));
  EXPECT_THAT(outputs.at("reshape").shape(), ElementsAre(1, 2, 3));
  EXPECT_THAT(outputs.at("cast").floats(), ElementsAre(1, 2, 3, 9, 5, 1));
  EXPECT_THAT(outputs.at("reduce").floats(), ElementsAre(9));
  EXPECT_THAT(outputs.at("broadcast").floats(), ElementsAre(9, 9, 9, 9, 9, 9));
  EXPECT_THAT(outputs.at("slice").floats(), ElementsAre(2, 3));
  EXPECT_THAT(outputs.at("concat").floats(), ElementsAre(2, 3, 1, 2, 3, 9, 5, 1.00390625f));
  EXPECT_EQ(llvm::cast<HasCost>(graph.Op("lathe.reshape")).Cost().bytes_read.ToString(), "0");
  EXPECT_EQ(llvm::cast<HasCost>(graph.Op("lathe.slice")).Cost().bytes_read.ToString(), "8*tokens");
  EXPECT_EQ(llvm::cast<HasCost>(graph.Op("lathe.reduce")).Cost().flops.ToString(), "6*tokens");
}

}  // namespace
}  // namespace lathe
