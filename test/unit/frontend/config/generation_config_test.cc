#include "frontend/config/generation_config.h"

#include "test/support/data.h"
#include "test/support/status_matchers.h"

namespace lathe {
namespace {

using ::lathe::testing::StatusIs;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

absl::StatusOr<GenerationConfig> Load(absl::string_view json, const GenerationConfig& defaults = {},
                                      const std::vector<std::string>& ignored = {}) {
  const std::string folder = testing::TempDir();
  testing::WriteFileOrDie(folder + "/generation_config.json", json);
  return LoadGenerationConfig(folder, defaults, ignored);
}

TEST(GenerationConfigTest, ReadsWhatTheFileSays) {
  LATHE_ASSERT_OK_AND_ASSIGN(
      GenerationConfig config,
      Load(
          R"({"bos_token_id": 151643, "do_sample": true, "eos_token_id": [151645, 151643], "pad_token_id": 151643,
               "temperature": 0.6, "top_k": 20, "top_p": 0.95, "min_p": 0.05, "repetition_penalty": 1.1,
               "max_new_tokens": 2048, "max_length": 4096, "transformers_version": "4.51.0"})"));
  EXPECT_TRUE(config.do_sample);
  EXPECT_EQ(config.temperature, 0.6);
  EXPECT_EQ(config.top_k, 20);
  EXPECT_EQ(config.top_p, 0.95);
  EXPECT_EQ(config.min_p, 0.05);
  EXPECT_EQ(config.repetition_penalty, 1.1);
  EXPECT_THAT(config.eos_token_ids, ElementsAre(151645, 151643));
  EXPECT_EQ(config.bos_token_id, 151643);
  EXPECT_EQ(config.pad_token_id, 151643);
  EXPECT_EQ(config.max_new_tokens, 2048);
  EXPECT_EQ(config.max_length, 4096);
}

TEST(GenerationConfigTest, WithoutAFileTheDefaultsStand) {
  GenerationConfig defaults;
  defaults.eos_token_ids = {7};
  LATHE_ASSERT_OK_AND_ASSIGN(GenerationConfig config,
                             LoadGenerationConfig(testing::TempDir(), defaults));
  EXPECT_THAT(config.eos_token_ids, ElementsAre(7));
  EXPECT_FALSE(config.do_sample);
  EXPECT_EQ(config.temperature, 1);
  EXPECT_EQ(config.top_k, 0);
  EXPECT_EQ(config.top_p, 1);
  EXPECT_EQ(config.min_p, 0);
  EXPECT_EQ(config.repetition_penalty, 1);
}

TEST(GenerationConfigTest, StopTokensOfTheFileReplaceThoseOfConfigJson) {
  GenerationConfig defaults;
  defaults.eos_token_ids = {248044};
  defaults.bos_token_id = 1;
  LATHE_ASSERT_OK_AND_ASSIGN(GenerationConfig both,
                             Load(R"({"eos_token_id": [248046, 248044]})", defaults));
  EXPECT_THAT(both.eos_token_ids, ElementsAre(248046, 248044));
  EXPECT_EQ(both.bos_token_id, 1);
  LATHE_ASSERT_OK_AND_ASSIGN(GenerationConfig none, Load(R"({"eos_token_id": null})", defaults));
  EXPECT_THAT(none.eos_token_ids, ElementsAre(248044));
  LATHE_ASSERT_OK_AND_ASSIGN(GenerationConfig one, Load(R"({"eos_token_id": 3})", defaults));
  EXPECT_THAT(one.eos_token_ids, ElementsAre(3));
}

TEST(GenerationConfigTest, OtherSearchMethodsAreUnsupportedByName) {
  LATHE_EXPECT_OK(Load(R"({"num_beams": 1, "length_penalty": 1.0, "typical_p": 1})"));
  EXPECT_THAT(Load(R"({"num_beams": 4})"),
              StatusIs(absl::StatusCode::kUnimplemented,
                       HasSubstr("generation_config.json: num_beams: 4 is not supported; only 1, "
                                 "which turns it off")));
}

TEST(GenerationConfigTest, ProblemsAreNamed) {
  const std::pair<const char*, const char*> cases[] = {
      {R"({"temperature": -1})",
       "temperature: found the number -1, expected a number of at least 0"},
      {R"({"top_p": 1.5})", "top_p: found the number 1.5, expected a number from 0 to 1"},
      {R"({"top_k": -1})", "top_k: found the number -1"},
      {R"({"repetition_penalty": 0})",
       "repetition_penalty: found the number 0, expected a number above 0"},
      {R"({"eos_token_id": "x"})", "eos_token_id: found the string \"x\""},
      {R"({"temprature": 1})", "did you mean temperature?"},
      {"{", "not JSON"},
  };
  for (const auto& [json, message] : cases) {
    EXPECT_THAT(Load(json), StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr(message)));
  }
  LATHE_EXPECT_OK(Load(R"({"temprature": 1})", {}, {"temprature"}));
}

TEST(GenerationConfigTest, ReadsTheTinyCheckpoints) {
  LATHE_SHARED_DATA_OR_SKIP(folder, "tiny/qwen3_dense_tied");
  LATHE_ASSERT_OK_AND_ASSIGN(GenerationConfig config, LoadGenerationConfig(folder, {}));
  EXPECT_TRUE(config.do_sample);
  EXPECT_EQ(config.top_k, 20);
  EXPECT_EQ(config.eos_token_ids.size(), 2u);
}

}  // namespace
}  // namespace lathe
