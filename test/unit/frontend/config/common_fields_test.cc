#include "frontend/config/common_fields.h"

#include <filesystem>

#include "test/support/data.h"
#include "test/support/status_matchers.h"

namespace lathe {
namespace {

using ::lathe::testing::StatusIs;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

struct Outcome {
  CommonFields fields;
  absl::Status status;
  std::vector<std::string> warnings;
};

Outcome Read(absl::string_view json) {
  absl::StatusOr<ConfigReader> root = ConfigReader::Parse(json, "config.json");
  EXPECT_THAT(root, testing::IsOk());
  std::optional<ConfigReader> inner = root->OptionalObject("text_config");
  CommonFields fields = ReadCommonFields(*root, inner ? *inner : *root);
  return {fields, root->Finish(), root->warnings()};
}

TEST(CommonFieldsTest, FlatFile) {
  Outcome outcome =
      Read(R"({"architectures": ["AForCausalLM"], "model_type": "a", "torch_dtype": "float16",
      "eos_token_id": 7, "bos_token_id": 1, "pad_token_id": null, "tie_word_embeddings": true, "use_cache": true,
      "initializer_range": 0.02, "transformers_version": "4.51.0", "attention_dropout": 0.0})");
  LATHE_EXPECT_OK(outcome.status);
  EXPECT_EQ(outcome.fields.architecture, "AForCausalLM");
  EXPECT_EQ(outcome.fields.model_type, "a");
  EXPECT_EQ(outcome.fields.dtype, DType::kF16);
  EXPECT_THAT(outcome.fields.eos_token_ids, ElementsAre(7));
  EXPECT_EQ(outcome.fields.bos_token_id, 1);
  EXPECT_EQ(outcome.fields.pad_token_id, std::nullopt);
  EXPECT_TRUE(outcome.fields.tie_word_embeddings);
}

TEST(CommonFieldsTest, DefaultsOfAnEmptyFile) {
  Outcome outcome = Read("{}");
  LATHE_EXPECT_OK(outcome.status);
  EXPECT_EQ(outcome.fields.architecture, "");
  EXPECT_EQ(outcome.fields.dtype, DType::kBF16);
  EXPECT_TRUE(outcome.fields.eos_token_ids.empty());
  EXPECT_FALSE(outcome.fields.tie_word_embeddings);
}

TEST(CommonFieldsTest, InnerValuesFirstThenTheTopLevel) {
  Outcome outcome =
      Read(R"({"model_type": "outer", "dtype": "float32", "eos_token_id": 1, "bos_token_id": 2,
      "text_config": {"model_type": "inner", "dtype": "bfloat16", "eos_token_id": [3, 4], "pad_token_id": 5}})");
  LATHE_EXPECT_OK(outcome.status);
  EXPECT_EQ(outcome.fields.model_type, "outer");
  EXPECT_EQ(outcome.fields.dtype, DType::kBF16);
  EXPECT_THAT(outcome.fields.eos_token_ids, ElementsAre(3, 4));
  EXPECT_EQ(outcome.fields.bos_token_id, 2);
  EXPECT_EQ(outcome.fields.pad_token_id, 5);
  EXPECT_EQ(Read(R"({"dtype": "float32", "text_config": {}})").fields.dtype, DType::kF32);
}

TEST(CommonFieldsTest, TheTopLevelDecidesOnTying) {
  Outcome outcome =
      Read(R"({"tie_word_embeddings": false, "text_config": {"tie_word_embeddings": true}})");
  LATHE_EXPECT_OK(outcome.status);
  EXPECT_FALSE(outcome.fields.tie_word_embeddings);
  EXPECT_THAT(outcome.warnings,
              ElementsAre(AllOf(HasSubstr("config.json: tie_word_embeddings: is used"),
                                HasSubstr("text_config.tie_word_embeddings"))));
  EXPECT_TRUE(Read(R"({"text_config": {"tie_word_embeddings": true}})").fields.tie_word_embeddings);
}

TEST(CommonFieldsTest, WrongValuesAreNamed) {
  EXPECT_THAT(Read(R"({"torch_dtype": "int8"})").status,
              StatusIs(absl::StatusCode::kUnimplemented,
                       HasSubstr("torch_dtype: \"int8\" is not supported; supported: bfloat16")));
  EXPECT_THAT(
      Read(R"({"eos_token_id": -1})").status,
      StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("eos_token_id: found the number -1")));
  EXPECT_THAT(
      Read(R"({"architectures": "A"})").status,
      StatusIs(absl::StatusCode::kInvalidArgument,
               HasSubstr("architectures: found the string \"A\", expected a list of strings")));
}

TEST(CommonFieldsTest, ReadsEveryPublishedConfig) {
  LATHE_SHARED_DATA_OR_SKIP(folder, "real/configs");
  int files = 0;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (entry.path().extension() != ".json") continue;
    ++files;
    LATHE_ASSERT_OK_AND_ASSIGN(ConfigReader root, ConfigReader::Open(entry.path().string()));
    std::optional<ConfigReader> inner = root.OptionalObject("text_config");
    CommonFields fields = ReadCommonFields(root, inner ? *inner : root);
    EXPECT_TRUE(root.ok()) << entry.path();
    EXPECT_NE(fields.architecture, "") << entry.path();
    EXPECT_NE(fields.model_type, "") << entry.path();
    EXPECT_FALSE(fields.eos_token_ids.empty()) << entry.path();
  }
  EXPECT_GT(files, 20);
}

}  // namespace
}  // namespace lathe
