#include "ops/attention/attention_ops.h"

#include "gtest/gtest.h"
#include "ops/attention/attention_reference.h"
#include "test/support/graph/graph.h"
#include "test/support/status_matchers.h"

namespace lathe {
namespace {

using ::lathe::testing::ExpectClose;
using ::lathe::testing::Graph;
using ::lathe::testing::RandomFloats;

constexpr char kText[] = R"(
  !cache = !lathe.kv_cache<name = "kv", layers = 3, kv_heads = 2, head_dim = 8, dtype = bf16, page = 64, window = 5>
  !layer = !lathe.kv_layer<kv_heads = 2, head_dim = 8, dtype = bf16, page = 64, window = 5>
  func.func @main(%q: tensor<?x4x8xf32, #tokens> {lathe.name = "q"}, %k: tensor<?x2x8xf32, #tokens> {lathe.name = "k"},
                  %v: tensor<?x2x8xf32, #tokens> {lathe.name = "v"}, %p: tensor<?xi32, #tokens> {lathe.name = "p"},
                  %s: tensor<?xi32, #tokens> {lathe.name = "s"}, %kv: !cache) -> tensor<?x4x8xf32, #tokens> {
    %layer = lathe.cache_layer %kv[2] : !cache
    lathe.kv_write %layer, %k, %v, %p, %s
        : !layer, tensor<?x2x8xf32, #tokens>, tensor<?x2x8xf32, #tokens>, tensor<?xi32, #tokens>, tensor<?xi32, #tokens>
    %y = lathe.attention %q, %layer, %p, %s {scale = 0.25 : f64}
        : tensor<?x4x8xf32, #tokens>, !layer, tensor<?xi32, #tokens>, tensor<?xi32, #tokens>
    return %y : tensor<?x4x8xf32, #tokens>
  })";

Interpreter::NamedTensors Rows(const Interpreter::NamedTensors& all, std::vector<int32_t> rows) {
  Interpreter::NamedTensors chosen;
  for (const auto& [name, tensor] : all) {
    std::vector<int64_t> shape = tensor.shape();
    shape[0] = static_cast<int64_t>(rows.size());
    HostTensor part(tensor.dtype(), shape);
    int64_t width = tensor.num_elements() / tensor.dim(0);
    for (size_t i = 0; i < rows.size(); ++i) {
      for (int64_t j = 0; j < width; ++j) {
        if (tensor.dtype() == DType::kI32) {
          part.ints()[i * width + j] = tensor.ints()[rows[i] * width + j];
        } else {
          part.floats()[i * width + j] = tensor.floats()[rows[i] * width + j];
        }
      }
    }
    chosen[name] = std::move(part);
  }
  return chosen;
}

class AttentionOpsTest : public ::testing::Test {
 protected:
  AttentionOpsTest()
      : graph_(kText),
        inputs_{{"q", RandomFloats({8, 4, 8}, 1)},
                {"k", RandomFloats({8, 2, 8}, 2)},
                {"v", RandomFloats({8, 2, 8}, 3)},
                {"p", HostTensor::Ints({8}, {0, 0, 1, 2, 3, 4, 5, 6})},
                {"s", HostTensor::Ints({8}, {1, 0, 0, 0, 0, 0, 0, 0})}} {}
  Graph graph_;
  Interpreter::NamedTensors inputs_;
};

TEST_F(AttentionOpsTest, ComputeByTheReferences) {
  KvLayout layout = {.kv_heads = 2, .head_dim = 8, .dtype = DType::kBF16, .window = 5};
  KvState state;
  KvHandle layer = {"kv", 2};
  KvWriteReference(inputs_["k"], inputs_["v"], inputs_["p"], inputs_["s"], layout, layer, state);
  LATHE_ASSERT_OK_AND_ASSIGN(
      HostTensor expected,
      AttentionReference(inputs_["q"], inputs_["p"], inputs_["s"], layout, layer, state, 0.25));
  LATHE_ASSERT_OK_AND_ASSIGN(HostTensor y, graph_.Run(inputs_));
  ExpectClose(y, expected, 0);
  EXPECT_EQ(graph_.kv_state().num_rows(), 8);
  EXPECT_NE(graph_.kv_state().Find(layer, 0, 6), nullptr);
}

TEST_F(AttentionOpsTest, StepsOneByOneEqualOneStep) {
  LATHE_ASSERT_OK_AND_ASSIGN(HostTensor together, graph_.Run(inputs_));
  graph_.kv_state() = KvState();
  for (int32_t row = 0; row < 8; ++row) {
    LATHE_ASSERT_OK_AND_ASSIGN(HostTensor y, graph_.Run(Rows(inputs_, {row})));
    ExpectClose(y, Rows({{"y", together}}, {row})["y"], 0);
  }
}

TEST_F(AttentionOpsTest, EffectsKeepWriteAndReadInPlace) {
  EXPECT_FALSE(mlir::isMemoryEffectFree(graph_.Op("lathe.kv_write")));
  EXPECT_FALSE(mlir::isMemoryEffectFree(graph_.Op("lathe.attention")));
  EXPECT_TRUE(mlir::isMemoryEffectFree(graph_.Op("lathe.cache_layer")));
}

TEST_F(AttentionOpsTest, Costs) {
  OpCost write = llvm::cast<HasCost>(graph_.Op("lathe.kv_write")).Cost();
  EXPECT_EQ(write.flops.ToString(), "0");
  EXPECT_EQ(write.bytes_read.ToString(), "136*tokens");
  EXPECT_EQ(write.bytes_written.ToString(), "64*tokens");  // two rows of 2 * 8 bf16
  OpCost attention = llvm::cast<HasCost>(graph_.Op("lathe.attention")).Cost();
  EXPECT_EQ(attention.flops.ToString(), "148*attended_keys");  // 4 heads * (4 * 8 + 5)
  EXPECT_EQ(attention.bytes_read.ToString(), "64*cached_keys + 136*tokens");
  EXPECT_EQ(attention.bytes_written.ToString(), "128*tokens");
}

}  // namespace
}  // namespace lathe
