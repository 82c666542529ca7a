#include "models/common/decoder_config.h"

#include "nlohmann/json.hpp"
#include "test/support/data.h"
#include "test/support/status_matchers.h"

namespace lathe {
namespace {

using ::lathe::testing::StatusIs;
using ::testing::AllOf;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr auto kInvalid = absl::StatusCode::kInvalidArgument;
constexpr auto kUnimplemented = absl::StatusCode::kUnimplemented;

absl::StatusOr<DecoderConfig> Read(ConfigReader& reader) {
  const DecoderConfig config = ReadDecoderConfig(reader);
  reader.Ignore({"intermediate_size"});  // the family's
  LATHE_RETURN_IF_ERROR(reader.Finish());
  return config;
}

// A small configuration in the published spelling, with `changes` merged into it (RFC 7396: null
// removes a key).
absl::StatusOr<DecoderConfig> ReadWith(const char* changes) {
  auto config = nlohmann::json::parse(R"({
      "architectures": ["Qwen3ForCausalLM"], "model_type": "qwen3", "torch_dtype": "bfloat16",
      "vocab_size": 320, "hidden_size": 48, "intermediate_size": 96, "num_hidden_layers": 4,
      "num_attention_heads": 6, "num_key_value_heads": 2, "head_dim": 16, "hidden_act": "silu",
      "rms_norm_eps": 1e-6, "rope_theta": 1000000, "max_position_embeddings": 2048,
      "tie_word_embeddings": true, "attention_bias": false})",
                                      nullptr, false);
  config.merge_patch(nlohmann::json::parse(changes, nullptr, false));
  LATHE_ASSIGN_OR_RETURN(ConfigReader reader, ConfigReader::Parse(config.dump(), "config.json"));
  return Read(reader);
}

TEST(DecoderConfigTest, ReadsThePublishedFile) {
  LATHE_SHARED_DATA_OR_SKIP(path, "real/configs/Qwen--Qwen3-0.6B.json");
  LATHE_ASSERT_OK_AND_ASSIGN(ConfigReader reader, ConfigReader::Open(path));
  LATHE_ASSERT_OK_AND_ASSIGN(DecoderConfig config, Read(reader));
  EXPECT_EQ(config.vocab_size, 151936);
  EXPECT_EQ(config.hidden_size, 1024);
  EXPECT_EQ(config.num_layers, 28);
  EXPECT_EQ(config.num_heads, 16);
  EXPECT_EQ(config.num_kv_heads, 8);
  EXPECT_EQ(config.head_dim, 128);
  EXPECT_EQ(config.rms_norm_eps, 1e-6);
  EXPECT_EQ(config.max_position_embeddings, 40960);
  EXPECT_EQ(config.rope.theta, 1e6);
  EXPECT_TRUE(config.common.tie_word_embeddings);
  EXPECT_FALSE(config.attention_bias);
  EXPECT_EQ(config.window.size(), 28u);
  EXPECT_THAT(config.window, Each(0));
}

TEST(DecoderConfigTest, DefaultsOfAbsentKeys) {
  LATHE_ASSERT_OK_AND_ASSIGN(
      DecoderConfig config,
      ReadWith(R"({"num_key_value_heads": null, "head_dim": null, "rms_norm_eps": null,
          "max_position_embeddings": null, "attention_bias": null, "hidden_act": null})"));
  EXPECT_EQ(config.num_kv_heads, 6);
  EXPECT_EQ(config.head_dim, 128);
  EXPECT_EQ(config.rms_norm_eps, 1e-6);
  EXPECT_EQ(config.max_position_embeddings, 32768);
  EXPECT_FALSE(config.attention_bias);
}

TEST(DecoderConfigTest, WindowFromMaxWindowLayers) {
  LATHE_ASSERT_OK_AND_ASSIGN(DecoderConfig config, ReadWith(R"({"use_sliding_window": true,
      "sliding_window": 12, "max_window_layers": 1})"));
  EXPECT_THAT(config.window, ElementsAre(0, 12, 12, 12));
}

TEST(DecoderConfigTest, WindowFromLayerTypes) {
  LATHE_ASSERT_OK_AND_ASSIGN(DecoderConfig config, ReadWith(R"({"use_sliding_window": true,
      "sliding_window": 12, "max_window_layers": 0, "layer_types": ["sliding_attention",
      "full_attention", "full_attention", "sliding_attention"]})"));
  EXPECT_THAT(config.window, ElementsAre(12, 0, 0, 12));
}

TEST(DecoderConfigTest, WindowIsOffWithoutTheSwitch) {
  LATHE_ASSERT_OK_AND_ASSIGN(DecoderConfig config, ReadWith(R"({"use_sliding_window": false,
      "sliding_window": 12, "max_window_layers": 0})"));
  EXPECT_THAT(config.window, Each(0));
}

TEST(DecoderConfigTest, LayerTypesThatDoNotFit) {
  EXPECT_THAT(
      ReadWith(R"({"layer_types": ["full_attention"]})"),
      StatusIs(kInvalid, AllOf(HasSubstr("config.json: layer_types"),
                               HasSubstr("has 1 entries, expected 4 (num_hidden_layers)"))));
  EXPECT_THAT(ReadWith(R"({"layer_types": ["full_attention", "full_attention", "full_attention",
                         "linear_attention"]})"),
              StatusIs(kUnimplemented, AllOf(HasSubstr("layer_types"), HasSubstr("entry 3"),
                                             HasSubstr("linear_attention"))));
  EXPECT_THAT(ReadWith(R"({"use_sliding_window": false, "layer_types": ["full_attention",
                         "full_attention", "full_attention", "sliding_attention"]})"),
              StatusIs(kInvalid, AllOf(HasSubstr("layer_types"), HasSubstr("entry 3"),
                                       HasSubstr("use_sliding_window"))));
}

TEST(DecoderConfigTest, HeadsThatDoNotFit) {
  EXPECT_THAT(ReadWith(R"({"num_key_value_heads": 4})"),
              StatusIs(kInvalid, HasSubstr("config.json: num_key_value_heads: 4 does not divide "
                                           "num_attention_heads, which is 6")));
  EXPECT_THAT(ReadWith(R"({"num_key_value_heads": 0})"),
              StatusIs(kInvalid, HasSubstr("num_key_value_heads: found the number 0")));
  EXPECT_THAT(ReadWith(R"({"num_attention_heads": -6})"),
              StatusIs(kInvalid, AllOf(HasSubstr("num_attention_heads: found the number -6"),
                                       Not(HasSubstr("does not divide")))));
  EXPECT_THAT(ReadWith(R"({"head_dim": 15})"),
              StatusIs(kInvalid, HasSubstr("head_dim: 15 is odd")));
}

TEST(DecoderConfigTest, RequiredKeysAreNamed) {
  for (const char* key :
       {"vocab_size", "hidden_size", "num_hidden_layers", "num_attention_heads"}) {
    std::string changes = std::string("{\"") + key + "\": null}";
    EXPECT_THAT(ReadWith(changes.c_str()),
                StatusIs(kInvalid, HasSubstr(std::string("config.json: ") + key + ": is missing")));
  }
}

TEST(DecoderConfigTest, UnknownKeysAreRefusedWithTheFlagThatPassesThem) {
  EXPECT_THAT(ReadWith(R"({"attention_sinks": 4})"),
              StatusIs(kInvalid, AllOf(HasSubstr("attention_sinks"),
                                       HasSubstr("--ignore-config-key=attention_sinks"))));
}

TEST(DecoderConfigTest, QuantisedWeightsAreRefused) {
  EXPECT_THAT(ReadWith(R"({"quantization_config": {"quant_method": "fp8", "fmt": "e4m3"}})"),
              StatusIs(kUnimplemented, AllOf(HasSubstr("quantization_config"), HasSubstr("fp8"),
                                             HasSubstr("bf16 release"))));
  LATHE_SHARED_DATA_OR_SKIP(path, "real/configs/Qwen--Qwen3-32B-FP8.json");
  LATHE_ASSERT_OK_AND_ASSIGN(ConfigReader reader, ConfigReader::Open(path));
  EXPECT_THAT(Read(reader), StatusIs(kUnimplemented, HasSubstr("fp8")));
}

TEST(DecoderConfigTest, RopeThatDependsOnTheRequestIsRefused) {
  EXPECT_THAT(ReadWith(R"({"rope_scaling": {"rope_type": "dynamic", "factor": 2}})"),
              StatusIs(kUnimplemented, AllOf(HasSubstr("rope_type"), HasSubstr("dynamic"))));
}

TEST(DecoderConfigTest, OtherActivationsAreRefused) {
  EXPECT_THAT(ReadWith(R"({"hidden_act": "gelu"})"),
              StatusIs(kUnimplemented,
                       AllOf(HasSubstr("hidden_act"), HasSubstr("gelu"), HasSubstr("silu"))));
}

TEST(DecoderConfigTest, YarnInBothSpellings) {
  LATHE_ASSERT_OK_AND_ASSIGN(DecoderConfig old_form, ReadWith(R"({"rope_scaling": {"type": "yarn",
      "factor": 4.0, "original_max_position_embeddings": 512}})"));
  LATHE_ASSERT_OK_AND_ASSIGN(DecoderConfig new_form, ReadWith(R"({"rope_theta": null,
      "rope_parameters": {"rope_type": "yarn", "rope_theta": 1000000, "factor": 4.0,
      "original_max_position_embeddings": 512}})"));
  for (const DecoderConfig& config : {old_form, new_form}) {
    EXPECT_EQ(config.rope.type, RopeType::kYarn);
    EXPECT_EQ(config.rope.theta, 1e6);
  }
}

}  // namespace
}  // namespace lathe
