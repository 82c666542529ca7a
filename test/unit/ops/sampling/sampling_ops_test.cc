#include "ops/sampling/sampling_ops.h"

#include <limits>
#include <random>

#include "gtest/gtest.h"
#include "ops/sampling/sampling_reference.h"
#include "test/support/graph/graph.h"
#include "test/support/graph/sample_step.h"
#include "test/support/status_matchers.h"

namespace lathe {
namespace {

using ::lathe::testing::Graph;
using ::lathe::testing::SampleStep;

constexpr char kText[] = R"(
  #rows = #lathe.sym<rows>
  func.func @main(%x: tensor<?x70xf32, #rows> {lathe.name = "x"}, %limits: tensor<?xi32, #rows> {lathe.name = "limits"})
      -> (tensor<?xi32, #rows> {lathe.name = "ids"}, tensor<?x18xf32, #rows> {lathe.name = "maxima"}) {
    %ids = lathe.argmax %x, %limits : tensor<?x70xf32, #rows>, tensor<?xi32, #rows>
    %maxima = lathe.block_max %x by 4 : tensor<?x70xf32, #rows>
    return %ids, %maxima : tensor<?xi32, #rows>, tensor<?x18xf32, #rows>
  })";

// Few different values, so that rows are full of ties, and some that are no numbers.
HostTensor Logits(int64_t rows, int64_t columns) {
  std::mt19937 random(7);
  HostTensor x(DType::kF32, {rows, columns});
  for (float& value : x.floats()) {
    const auto draw = static_cast<int>(random() % 23);
    value = draw == 22 ? std::numeric_limits<float>::quiet_NaN() : static_cast<float>(draw - 11);
  }
  return x;
}

TEST(SamplingOpsTest, OpsAndDecompositionAgreeWithTheReference) {
  Graph graph(kText);
  std::vector<int32_t> limits;
  for (int32_t limit = -1; limit <= 72; ++limit) limits.push_back(limit);
  const auto rows = static_cast<int64_t>(limits.size());
  Interpreter::NamedTensors inputs = {{"x", Logits(rows, 70)},
                                      {"limits", HostTensor::Ints({rows}, limits)}};
  HostTensor ids = ArgmaxReference(inputs["x"], inputs["limits"]);
  HostTensor maxima = BlockMaxReference(inputs["x"], 4);
  for (int round = 0; round < 2; ++round) {
    LATHE_ASSERT_OK_AND_ASSIGN(auto outputs, graph.RunAll(inputs));
    EXPECT_EQ(outputs.at("ids").ints(), ids.ints()) << round;
    EXPECT_EQ(outputs.at("maxima").floats(), maxima.floats()) << round;
    graph.DecomposeAll();
    EXPECT_EQ(graph.Print().find("lathe.argmax "), std::string::npos);
  }
  EXPECT_NE(graph.Print().find("lathe.argmax_by_blocks"), std::string::npos);
}

TEST(SamplingOpsTest, ByBlocksReadsMaximaAndOneBlock) {
  Graph graph(kText);
  OpCost whole = llvm::cast<HasCost>(graph.Op("lathe.argmax")).Cost();
  EXPECT_EQ(whole.flops.ToString(), "0");
  EXPECT_EQ(whole.bytes_read.ToString(), "284*rows");
  EXPECT_EQ(whole.bytes_written.ToString(), "4*rows");
  OpCost maxima = llvm::cast<HasCost>(graph.Op("lathe.block_max")).Cost();
  EXPECT_EQ(maxima.bytes_read.ToString(), "280*rows");
  EXPECT_EQ(maxima.bytes_written.ToString(), "72*rows");
  graph.DecomposeAll();
  OpCost choice = llvm::cast<HasCost>(graph.Op("lathe.argmax_by_blocks")).Cost();
  EXPECT_EQ(choice.flops.ToString(), "0");
  EXPECT_EQ(choice.bytes_read.ToString(), "88*rows");  // 5 maxima, the limit, 16 columns
  EXPECT_EQ(choice.bytes_written.ToString(), "4*rows");
}

constexpr char kSampleText[] = R"(
  #r = #lathe.sym<rows>
  #e = #lathe.sym<entries>
  func.func @main(%x: tensor<?x90xf32, #r> {lathe.name = "x"}, %greedy: tensor<?xi32, #r> {lathe.name = "greedy"},
                  %limits: tensor<?xi32, #r> {lathe.name = "limits"}, %settings: tensor<?x6xf32, #r> {lathe.name = "settings"},
                  %numbers: tensor<?x9xi32, #r> {lathe.name = "numbers"}, %ids: tensor<?xi32, #e> {lathe.name = "list_ids"},
                  %values: tensor<?xf32, #e> {lathe.name = "list_values"})
      -> (tensor<?xi32, #r> {lathe.name = "ids"}) {
    %y = lathe.sample %x or %greedy, %limits, %settings, %numbers, %ids, %values
        : tensor<?x90xf32, #r>, tensor<?xi32, #r>, tensor<?xi32, #r>, tensor<?x6xf32, #r>, tensor<?x9xi32, #r>, tensor<?xi32, #e>, tensor<?xf32, #e>
    return %y : tensor<?xi32, #r>
  })";

TEST(SamplingOpsTest, SampleIsItsReference) {
  Graph graph(kSampleText);
  const SampleStep step(40, 90, 3);
  const Interpreter::NamedTensors inputs = {{"x", step.x},
                                            {"greedy", step.greedy_ids},
                                            {"limits", step.limits},
                                            {"settings", step.settings},
                                            {"numbers", step.numbers},
                                            {"list_ids", step.list_ids},
                                            {"list_values", step.list_values}};
  LATHE_ASSERT_OK_AND_ASSIGN(const HostTensor ids, graph.Run(inputs));
  LATHE_ASSERT_OK_AND_ASSIGN(const HostTensor expected, SampleReference(step.operands()));
  EXPECT_EQ(ids.ints(), expected.ints());
  OpCost cost = llvm::cast<HasCost>(graph.Op("lathe.sample")).Cost();
  EXPECT_EQ(cost.bytes_read.ToString(), "28*rows");
  EXPECT_EQ(cost.bytes_written.ToString(), "4*rows");
}

}  // namespace
}  // namespace lathe
