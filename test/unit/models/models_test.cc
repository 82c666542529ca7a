#include "models/models.h"

#include "ops/dialect.h"
#include "test/support/data.h"
#include "test/support/status_matchers.h"

namespace lathe {
namespace {

using ::lathe::testing::StatusIs;
using ::testing::AllOf;
using ::testing::Contains;
using ::testing::HasSubstr;

constexpr auto kUnimplemented = absl::StatusCode::kUnimplemented;

std::optional<DType> AllBF16(const std::string&) { return DType::kBF16; }

class ModelsTest : public ::testing::Test {
 protected:
  ModelsTest() { LoadDialects(context_); }

  absl::StatusOr<BuiltModel> BuildText(absl::string_view text) {
    LATHE_ASSIGN_OR_RETURN(ConfigReader config, ConfigReader::Parse(text, "config.json"));
    return BuildModel(&context_, config, {}, AllBF16);
  }
  absl::StatusOr<BuiltModel> BuildFile(const std::string& path) {
    LATHE_ASSIGN_OR_RETURN(ConfigReader config, ConfigReader::Open(path));
    return BuildModel(&context_, config, {}, AllBF16);
  }

  mlir::MLIRContext context_;
};

TEST_F(ModelsTest, ListsWhatItBuilds) {
  EXPECT_THAT(SupportedArchitectures(), Contains("Qwen3ForCausalLM"));
}

TEST_F(ModelsTest, PicksTheFamilyByArchitecture) {
  LATHE_ASSERT_OK_AND_ASSIGN(
      BuiltModel model, BuildFile(testing::SourcePath("test/data/golden/qwen3_tied/config.json")));
  EXPECT_EQ(model.family, "qwen3");
  EXPECT_EQ(model.common.architecture, "Qwen3ForCausalLM");
}

TEST_F(ModelsTest, OtherArchitecturesAreRefusedByName) {
  EXPECT_THAT(
      BuildText(R"({"architectures": ["LlamaForCausalLM"]})"),
      StatusIs(kUnimplemented, AllOf(HasSubstr("config.json"), HasSubstr("\"LlamaForCausalLM\""),
                                     HasSubstr("supported are: Qwen3ForCausalLM"))));
}

TEST_F(ModelsTest, EveryFamilyIsChosenByItsArchitecture) {
  LATHE_ASSERT_OK_AND_ASSIGN(
      BuiltModel model, BuildFile(testing::SourcePath("test/data/golden/qwen3_moe/config.json")));
  EXPECT_EQ(model.family, "qwen3_moe");
}

TEST_F(ModelsTest, ArchitectureIsRequired) {
  for (const char* text : {"{}", R"({"architectures": []})", R"({"architectures": null})"}) {
    EXPECT_THAT(BuildText(text), StatusIs(absl::StatusCode::kInvalidArgument,
                                          HasSubstr("config.json: architectures is missing")));
  }
}

}  // namespace
}  // namespace lathe
