#include "ops/embedding/embedding_ops.h"

#include "gtest/gtest.h"
#include "ops/embedding/embedding_reference.h"
#include "test/support/graph/graph.h"
#include "test/support/status_matchers.h"

namespace lathe {
namespace {

using ::lathe::testing::ExpectClose;
using ::lathe::testing::Graph;
using ::lathe::testing::RandomFloats;

constexpr char kText[] = R"(
  func.func @main(%table: tensor<16x8xbf16> {lathe.name = "table"}, %tokens: tensor<?xi32, #tokens> {lathe.name = "tokens"},
                  %rows: tensor<?xi32, #lathe.sym<rows>> {lathe.name = "rows"})
      -> (tensor<?x8xf32, #tokens> {lathe.name = "plain"}, tensor<?x8xf32, #lathe.sym<rows>> {lathe.name = "scaled"}) {
    %plain = lathe.embed %table, %tokens : tensor<16x8xbf16>, tensor<?xi32, #tokens>
    %scaled = lathe.embed %table, %tokens {multiplier = 3.5 : f64} : tensor<16x8xbf16>, tensor<?xi32, #tokens>
    %last = lathe.gather_rows %scaled, %rows : tensor<?x8xf32, #tokens>, tensor<?xi32, #lathe.sym<rows>>
    return %plain, %last : tensor<?x8xf32, #tokens>, tensor<?x8xf32, #lathe.sym<rows>>
  })";

TEST(EmbeddingOpsTest, OpsAndDecompositionsAgreeWithTheReference) {
  Graph graph(kText);
  Interpreter::NamedTensors inputs = {{"table", RandomFloats({16, 8}, 1, 1.0f, DType::kBF16)},
                                      {"tokens", HostTensor::Ints({4}, {15, 0, 99, 3})},
                                      {"rows", HostTensor::Ints({2}, {3, 0})}};
  HostTensor plain = EmbedReference(inputs["table"], inputs["tokens"], 1.0);
  HostTensor scaled =
      GatherRowsReference(EmbedReference(inputs["table"], inputs["tokens"], 3.5), inputs["rows"]);
  for (int round = 0; round < 2; ++round) {
    LATHE_ASSERT_OK_AND_ASSIGN(auto outputs, graph.RunAll(inputs));
    ExpectClose(outputs.at("plain"), plain, 0);
    ExpectClose(outputs.at("scaled"), scaled, 0);
    graph.DecomposeAll();
    EXPECT_EQ(graph.Print().find("lathe.embed"), std::string::npos);
  }
}

TEST(EmbeddingOpsTest, OnlyChosenRowsCost) {
  Graph graph(kText);
  OpCost gather = llvm::cast<HasCost>(graph.Op("lathe.gather_rows")).Cost();
  EXPECT_EQ(gather.flops.ToString(), "0");
  EXPECT_EQ(gather.bytes_read.ToString(), "36*rows");
  EXPECT_EQ(gather.bytes_written.ToString(), "32*rows");
  OpCost embed = llvm::cast<HasCost>(graph.Op("lathe.embed")).Cost();  // the last one, scaled
  EXPECT_EQ(embed.flops.ToString(), "8*tokens");
  EXPECT_EQ(embed.bytes_read.ToString(), "20*tokens");
  EXPECT_EQ(embed.bytes_written.ToString(), "32*tokens");
}

}  // namespace
}  // namespace lathe
