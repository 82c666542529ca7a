#include "models/qwen3_moe/model.h"

#include <map>

#include "mlir/IR/Verifier.h"
#include "ops/dialect.h"
#include "test/support/data.h"
#include "test/support/status_matchers.h"

namespace lathe::qwen3_moe {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr char kSmall[] = R"({"architectures": ["Qwen3MoeForCausalLM"], "vocab_size": 320,
    "hidden_size": 48, "intermediate_size": 96, "num_hidden_layers": 3, "num_attention_heads": 6,
    "num_key_value_heads": 2, "head_dim": 16, "num_experts": 5, "num_experts_per_tok": 2,
    "moe_intermediate_size": 24, "mlp_only_layers": [1], "tie_word_embeddings": false})";

class Qwen3MoeModelTest : public ::testing::Test {
 protected:
  Qwen3MoeModelTest() { LoadDialects(context_); }

  // `fused`: the checkpoint holds all experts of a layer in two tensors.
  absl::StatusOr<BuiltModel> BuildSmall(bool fused) {
    LATHE_ASSIGN_OR_RETURN(ConfigReader reader, ConfigReader::Parse(kSmall, "config.json"));
    auto dtype_of = [fused](const std::string& name) -> std::optional<DType> {
      const bool is_fused = name.find("experts.gate_up_proj") != std::string::npos;
      return is_fused && !fused ? std::nullopt : std::optional<DType>(DType::kBF16);
    };
    return Build(&context_, reader, {}, dtype_of);
  }
  static std::map<std::string, std::vector<int64_t>> Shapes(const BuiltModel& model) {
    std::map<std::string, std::vector<int64_t>> shapes;
    for (const ParamInfo& param : model.params) shapes[param.name] = param.shape;
    return shapes;
  }
  static std::string Print(BuiltModel& model) {
    std::string text;
    llvm::raw_string_ostream stream(text);
    model.module->print(stream);
    return text;
  }

  mlir::MLIRContext context_;
};

TEST_F(Qwen3MoeModelTest, ExpertsAreStacksOfTheirTensors) {
  LATHE_ASSERT_OK_AND_ASSIGN(BuiltModel model, BuildSmall(/*fused=*/false));
  auto shapes = Shapes(model);
  EXPECT_EQ(shapes["model.layers.0.mlp.gate.weight"], (std::vector<int64_t>{5, 48}));
  EXPECT_EQ(shapes["model.layers.0.mlp.experts.*.gate_proj.weight"],
            (std::vector<int64_t>{5, 24, 48}));
  EXPECT_EQ(shapes["model.layers.2.mlp.experts.*.up_proj.weight"],
            (std::vector<int64_t>{5, 24, 48}));
  EXPECT_EQ(shapes["model.layers.2.mlp.experts.*.down_proj.weight"],
            (std::vector<int64_t>{5, 48, 24}));
  EXPECT_EQ(shapes["model.layers.1.mlp.down_proj.weight"], (std::vector<int64_t>{48, 96}));
  EXPECT_EQ(model.family, "qwen3_moe");
  EXPECT_THAT(Print(model), AllOf(HasSubstr("@moe_layer("), HasSubstr("@dense_layer("),
                                  Not(HasSubstr("@moe_layer_1("))));
}

TEST_F(Qwen3MoeModelTest, FusedExpertsAreRowsOfTheirTensors) {
  LATHE_ASSERT_OK_AND_ASSIGN(BuiltModel model, BuildSmall(/*fused=*/true));
  auto shapes = Shapes(model);
  EXPECT_EQ(shapes["model.layers.0.mlp.experts.gate_up_proj[0:24]"],
            (std::vector<int64_t>{5, 24, 48}));
  EXPECT_EQ(shapes["model.layers.0.mlp.experts.gate_up_proj[24:48]"],
            (std::vector<int64_t>{5, 24, 48}));
  EXPECT_EQ(shapes["model.layers.0.mlp.experts.down_proj[0:48]"],
            (std::vector<int64_t>{5, 48, 24}));
}

TEST_F(Qwen3MoeModelTest, PublishedSizesBuildAndVerify) {
  const std::map<std::string, int64_t> published = {
      {"Qwen3-30B-A3B", 30532122624},
      {"Qwen3-235B-A22B", 235093634560},
      {"Qwen3-Coder-480B-A35B-Instruct", 480154875392}};
  for (const auto& [name, num_elements] : published) {
    LATHE_SHARED_DATA_OR_SKIP(path, "real/configs/Qwen--" + name + ".json");
    LATHE_ASSERT_OK_AND_ASSIGN(ConfigReader reader, ConfigReader::Open(path));
    LATHE_ASSERT_OK_AND_ASSIGN(
        BuiltModel model, Build(&context_, reader, {}, [](const std::string& tensor) {
          const bool is_fused = tensor.find("gate_up_proj") != std::string::npos;
          return is_fused ? std::nullopt : std::optional<DType>(DType::kBF16);
        }));
    EXPECT_TRUE(mlir::succeeded(mlir::verify(*model.module))) << name;
    int64_t sum = 0;
    for (const ParamInfo& param : model.params) {
      int64_t product = 1;
      for (int64_t extent : param.shape) product *= extent;
      sum += product;
    }
    EXPECT_EQ(sum, num_elements) << name;
  }
}

}  // namespace
}  // namespace lathe::qwen3_moe
