#include "models/qwen3/config.h"

#include "test/support/status_matchers.h"

namespace lathe::qwen3 {
namespace {

using ::lathe::testing::StatusIs;
using ::testing::HasSubstr;

absl::StatusOr<Config> ReadWith(const std::string& more) {
  LATHE_ASSIGN_OR_RETURN(
      ConfigReader reader,
      ConfigReader::Parse(R"({"architectures": ["Qwen3ForCausalLM"], "vocab_size": 320,
          "hidden_size": 48, "num_hidden_layers": 4, "num_attention_heads": 6)" +
                              more + "}",
                          "config.json"));
  return Config::Read(reader);
}

TEST(Qwen3ConfigTest, ADecoderWithAFeedForwardPart) {
  LATHE_ASSERT_OK_AND_ASSIGN(const Config config, ReadWith(R"(, "intermediate_size": 96)"));
  EXPECT_EQ(config.intermediate_size, 96);
  EXPECT_EQ(config.decoder.hidden_size, 48);
}

TEST(Qwen3ConfigTest, WhatIsMissingOrUnknownIsNamed) {
  EXPECT_THAT(ReadWith(""), StatusIs(absl::StatusCode::kInvalidArgument,
                                     HasSubstr("config.json: intermediate_size: is missing")));
  EXPECT_THAT(ReadWith(R"(, "intermediate_size": 96, "num_experts": 4)"),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("num_experts")));
}

}  // namespace
}  // namespace lathe::qwen3
