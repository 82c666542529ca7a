#include "models/qwen3_moe/config.h"

#include "test/support/data.h"
#include "test/support/status_matchers.h"

namespace lathe::qwen3_moe {
namespace {

using ::lathe::testing::StatusIs;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr auto kInvalid = absl::StatusCode::kInvalidArgument;

absl::StatusOr<Config> ReadWith(const std::string& more) {
  LATHE_ASSIGN_OR_RETURN(
      ConfigReader reader,
      ConfigReader::Parse(R"({"architectures": ["Qwen3MoeForCausalLM"], "vocab_size": 320,
          "hidden_size": 48, "num_hidden_layers": 4, "num_attention_heads": 6)" +
                              more + "}",
                          "config.json"));
  return Config::Read(reader);
}

TEST(Qwen3MoeConfigTest, ReadsThePublishedFiles) {
  for (const auto& [name, experts, top_k, inner] :
       {std::tuple{"Qwen3-30B-A3B", 128, 8, 768},
        {"Qwen3-235B-A22B", 128, 8, 1536},
        {"Qwen3-Coder-480B-A35B-Instruct", 160, 8, 2560}}) {
    LATHE_SHARED_DATA_OR_SKIP(path, std::string("real/configs/Qwen--") + name + ".json");
    LATHE_ASSERT_OK_AND_ASSIGN(ConfigReader reader, ConfigReader::Open(path));
    LATHE_ASSERT_OK_AND_ASSIGN(const Config config, Config::Read(reader));
    EXPECT_EQ(config.num_experts, experts) << name;
    EXPECT_EQ(config.top_k, top_k) << name;
    EXPECT_EQ(config.moe_intermediate_size, inner) << name;
    EXPECT_TRUE(config.norm_topk_prob) << name;
    EXPECT_THAT(config.is_moe, Each(true)) << name;
  }
}

TEST(Qwen3MoeConfigTest, DefaultsOfAbsentKeys) {
  LATHE_ASSERT_OK_AND_ASSIGN(const Config config, ReadWith(""));
  EXPECT_EQ(config.num_experts, 128);
  EXPECT_EQ(config.top_k, 8);
  EXPECT_EQ(config.moe_intermediate_size, 768);
  EXPECT_FALSE(config.norm_topk_prob);
  EXPECT_THAT(config.is_moe, Each(true));
}

TEST(Qwen3MoeConfigTest, TheOtherNameOfTheNumberOfExperts) {
  LATHE_ASSERT_OK_AND_ASSIGN(Config config, ReadWith(R"(, "num_local_experts": 16)"));
  EXPECT_EQ(config.num_experts, 16);
}

TEST(Qwen3MoeConfigTest, WhichLayersHaveExperts) {
  LATHE_ASSERT_OK_AND_ASSIGN(Config config, ReadWith(R"(, "decoder_sparse_step": 2)"));
  EXPECT_THAT(config.is_moe, ElementsAre(false, true, false, true));
  LATHE_ASSERT_OK_AND_ASSIGN(config, ReadWith(R"(, "mlp_only_layers": [0, 3])"));
  EXPECT_THAT(config.is_moe, ElementsAre(false, true, true, false));
  LATHE_ASSERT_OK_AND_ASSIGN(config, ReadWith(R"(, "num_experts": 0)"));
  EXPECT_THAT(config.is_moe, Each(false));
}

TEST(Qwen3MoeConfigTest, ContradictionsAreNamed) {
  EXPECT_THAT(ReadWith(R"(, "num_experts": 4)"),
              StatusIs(kInvalid, HasSubstr("config.json: num_experts_per_tok: 8, expected at most "
                                           "num_experts, which is 4")));
  EXPECT_THAT(ReadWith(R"(, "mlp_only_layers": [4])"),
              StatusIs(kInvalid, HasSubstr("mlp_only_layers: lists layer 4, expected 0 to 3")));
  EXPECT_THAT(ReadWith(R"(, "num_shared_experts": 4)"),
              StatusIs(kInvalid, HasSubstr("num_shared_experts")));
}

TEST(Qwen3MoeConfigTest, OtherModelsAreRefusedByName) {
  for (const char* key :
       {"\"qkv_bias\": true", "\"use_qk_norm\": false", "\"shared_expert_intermediate_size\": 4"}) {
    EXPECT_EQ(ReadWith(std::string(", ") + key).status().code(), absl::StatusCode::kUnimplemented)
        << key;
  }
}

}  // namespace
}  // namespace lathe::qwen3_moe
