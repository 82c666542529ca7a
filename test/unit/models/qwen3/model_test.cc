#include "models/qwen3/model.h"

#include <filesystem>
#include <map>

#include "absl/strings/match.h"
#include "mlir/IR/Verifier.h"
#include "ops/core/dialect.h"
#include "ops/dialect.h"
#include "test/support/data.h"
#include "test/support/status_matchers.h"

namespace lathe::qwen3 {
namespace {

using ::lathe::testing::StatusIs;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr const char* kSmall = R"({"architectures": ["Qwen3ForCausalLM"], "model_type": "qwen3",
    "vocab_size": 320, "hidden_size": 48, "intermediate_size": 96, "num_hidden_layers": 3,
    "num_attention_heads": 6, "num_key_value_heads": 2, "head_dim": 16,
    "max_position_embeddings": 2048, "tie_word_embeddings": false)";

std::optional<DType> AllBF16(const std::string&) { return DType::kBF16; }

class Qwen3ModelTest : public ::testing::Test {
 protected:
  Qwen3ModelTest() { LoadDialects(context_); }

  absl::StatusOr<BuiltModel> BuildText(const std::string& text, bool probes = false) {
    LATHE_ASSIGN_OR_RETURN(ConfigReader reader, ConfigReader::Parse(text, "config.json"));
    return Build(&context_, reader, {.probes = probes}, AllBF16);
  }
  absl::StatusOr<BuiltModel> BuildSmall(const char* more, bool probes = false) {
    return BuildText(std::string(kSmall) + more + "}", probes);
  }

  mlir::MLIRContext context_;
};

std::string Print(BuiltModel& model) {
  std::string text;
  llvm::raw_string_ostream stream(text);
  model.module->print(stream);
  return text;
}

int64_t NumElements(const BuiltModel& model) {
  int64_t sum = 0;
  for (const ParamInfo& param : model.params) {
    int64_t product = 1;
    for (int64_t extent : param.shape) product *= extent;
    sum += product;
  }
  return sum;
}

const ParamInfo* FindParam(const BuiltModel& model, const std::string& name) {
  for (const ParamInfo& param : model.params) {
    if (param.name == name) return &param;
  }
  return nullptr;
}

std::vector<std::string> OutputNames(BuiltModel& model) {
  std::vector<std::string> names;
  auto step = model.module->lookupSymbol<mlir::func::FuncOp>("step");
  for (unsigned i = 0; i < step.getNumResults(); ++i)
    names.push_back(step.getResultAttrOfType<mlir::StringAttr>(i, "lathe.name").str());
  return names;
}

TEST_F(Qwen3ModelTest, PublishedSizesBuildVerifyAndPrint) {
  LATHE_SHARED_DATA_OR_SKIP(folder, "real/configs");
  // Distinct parameters as published: tied embeddings count once.
  const std::map<std::string, int64_t> published = {{"Qwen--Qwen3-0.6B", 596049920},
                                                    {"Qwen--Qwen3-1.7B", 1720574976},
                                                    {"Qwen--Qwen3-4B-Thinking-2507", 4022468096},
                                                    {"Qwen--Qwen3-8B", 8190735360},
                                                    {"Qwen--Qwen3-32B", 32762123264}};
  int num_built = 0;
  for (const auto& [name, num_elements] : published) {
    std::string path = folder + "/" + name + ".json";
    if (!std::filesystem::exists(path)) continue;
    LATHE_ASSERT_OK_AND_ASSIGN(ConfigReader reader, ConfigReader::Open(path));
    LATHE_ASSERT_OK_AND_ASSIGN(BuiltModel model, Build(&context_, reader, {}, AllBF16));
    EXPECT_TRUE(mlir::succeeded(mlir::verify(*model.module))) << name;
    EXPECT_EQ(NumElements(model), num_elements) << name;
    // One function for all layers, so that every size reads alike.
    std::string text = Print(model);
    EXPECT_LT(text.size(), 200u * 1024) << name;
    EXPECT_THAT(text, HasSubstr("@decoder_layer")) << name;
    EXPECT_THAT(text, HasSubstr("%q_proj")) << name;
    ++num_built;
  }
  EXPECT_GT(num_built, 0);
}

TEST_F(Qwen3ModelTest, WeightsOfTheCheckpoint) {
  LATHE_ASSERT_OK_AND_ASSIGN(BuiltModel model, BuildSmall(""));
  // 11 tensors a layer, embedding, last norm, head.
  EXPECT_EQ(model.params.size(), 3u * 11 + 3);
  const std::map<std::string, std::vector<int64_t>> shapes = {
      {"model.embed_tokens.weight", {320, 48}},
      {"model.layers.0.input_layernorm.weight", {48}},
      {"model.layers.1.self_attn.q_proj.weight", {96, 48}},
      {"model.layers.1.self_attn.k_proj.weight", {32, 48}},
      {"model.layers.1.self_attn.v_proj.weight", {32, 48}},
      {"model.layers.1.self_attn.o_proj.weight", {48, 96}},
      {"model.layers.1.self_attn.q_norm.weight", {16}},
      {"model.layers.1.self_attn.k_norm.weight", {16}},
      {"model.layers.2.post_attention_layernorm.weight", {48}},
      {"model.layers.2.mlp.gate_proj.weight", {96, 48}},
      {"model.layers.2.mlp.up_proj.weight", {96, 48}},
      {"model.layers.2.mlp.down_proj.weight", {48, 96}},
      {"model.norm.weight", {48}},
      {"lm_head.weight", {320, 48}}};
  for (const auto& [name, shape] : shapes) {
    const ParamInfo* param = FindParam(model, name);
    ASSERT_NE(param, nullptr) << name;
    EXPECT_EQ(param->shape, shape) << name;
  }
  EXPECT_EQ(model.family, "qwen3");
  EXPECT_EQ(model.vocab_size, 320);
  EXPECT_EQ(model.max_context, 2048);
}

TEST_F(Qwen3ModelTest, TiedHeadIsTheEmbedding) {
  std::string text = kSmall;
  text.replace(text.rfind("false"), 5, "true");
  LATHE_ASSERT_OK_AND_ASSIGN(BuiltModel model, BuildText(text + "}"));
  EXPECT_EQ(FindParam(model, "lm_head.weight"), nullptr);
  EXPECT_EQ(model.params.size(), 3u * 11 + 2);
  // A checkpoint may hold the head all the same.
  EXPECT_THAT(model.unused,
              ::testing::Contains(::testing::Field(&OptionalWeight::pattern, "lm_head.weight")));
}

TEST_F(Qwen3ModelTest, BiasOnAllFourProjections) {
  LATHE_ASSERT_OK_AND_ASSIGN(BuiltModel model, BuildSmall(R"(, "attention_bias": true)"));
  EXPECT_EQ(model.params.size(), 3u * 15 + 3);
  for (auto [name, size] : {std::pair("q", 96), {"k", 32}, {"v", 32}, {"o", 48}}) {
    std::string path = std::string("model.layers.0.self_attn.") + name + "_proj.bias";
    const ParamInfo* param = FindParam(model, path);
    ASSERT_NE(param, nullptr) << path;
    EXPECT_THAT(param->shape, ElementsAre(size)) << path;
  }
}

TEST_F(Qwen3ModelTest, ProbesAreOutputs) {
  LATHE_ASSERT_OK_AND_ASSIGN(BuiltModel plain, BuildSmall(""));
  EXPECT_THAT(OutputNames(plain), ElementsAre("logits", "next_ids"));
  LATHE_ASSERT_OK_AND_ASSIGN(BuiltModel probed, BuildSmall("", /*probes=*/true));
  EXPECT_THAT(OutputNames(probed), ElementsAre("layer_inputs.0", "layer_inputs.1", "layer_inputs.2",
                                               "layer_inputs.3", "logits", "next_ids"));
}

TEST_F(Qwen3ModelTest, WindowedLayersHaveTheirOwnCacheGroup) {
  LATHE_ASSERT_OK_AND_ASSIGN(
      BuiltModel model,
      BuildSmall(R"(, "use_sliding_window": true, "sliding_window": 12, "max_window_layers": 1)"));
  std::vector<std::string> groups;
  auto step = model.module->lookupSymbol<mlir::func::FuncOp>("step");
  for (mlir::Type type : step.getArgumentTypes()) {
    if (auto cache = llvm::dyn_cast<KvCacheType>(type)) groups.push_back(cache.getName().str());
  }
  EXPECT_THAT(groups, ElementsAre("kv", "kv.window12"));
  // Two kinds of cache, so two functions.
  int num_functions = 0;
  for (auto function : model.module->getOps<mlir::func::FuncOp>()) {
    num_functions += absl::StrContains(function.getName().str(), "decoder_layer") ? 1 : 0;
  }
  EXPECT_EQ(num_functions, 2);
}

TEST_F(Qwen3ModelTest, ErrorsOfTheConfigurationComeBack) {
  EXPECT_THAT(BuildSmall(R"(, "attention_sinks": 4)"),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("attention_sinks")));
}

}  // namespace
}  // namespace lathe::qwen3
