#include "frontend/config/rope_config.h"

#include <algorithm>
#include <cmath>
#include <filesystem>

#include "test/support/data.h"
#include "test/support/status_matchers.h"

namespace lathe {
namespace {

using ::lathe::testing::StatusIs;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::Eq;
using ::testing::HasSubstr;

constexpr auto kInvalid = absl::StatusCode::kInvalidArgument;

struct Outcome {
  RopeSettings settings;
  absl::Status status;
  std::vector<std::string> warnings;
};

Outcome Read(absl::string_view text,
             RopeReadOptions options = {.head_dim = 32, .max_position_embeddings = 256}) {
  absl::StatusOr<ConfigReader> reader = ConfigReader::Parse(text, "config.json");
  EXPECT_THAT(reader, testing::IsOk());
  RopeSettings settings = ReadRope(*reader, options);
  return {settings, reader->Finish(), reader->warnings()};
}

RopeConfig ReadOk(absl::string_view text,
                  RopeReadOptions options = {.head_dim = 32, .max_position_embeddings = 256}) {
  Outcome outcome = Read(text, options);
  LATHE_EXPECT_OK(outcome.status);
  EXPECT_TRUE(outcome.settings.by_layer_type.empty());
  return outcome.settings.shared;
}

TEST(RopeConfigTest, DefaultsWithoutAnyKey) {
  for (const char* text :
       {"{}", R"({"rope_scaling": null})", R"({"rope_scaling": {}, "rope_parameters": null})"}) {
    RopeConfig config = ReadOk(text);
    EXPECT_EQ(config.type, RopeType::kDefault);
    EXPECT_EQ(config.theta, 10000);
    EXPECT_EQ(config.partial_rotary_factor, 1);
    EXPECT_EQ(config.max_position_embeddings, 256);
  }
}

TEST(RopeConfigTest, BothSpellingsGiveTheSame) {
  RopeConfig old_form = ReadOk(R"({"rope_theta": 5e6, "partial_rotary_factor": 0.5,
      "rope_scaling": {"type": "yarn", "factor": 4, "original_max_position_embeddings": 64, "beta_fast": 20}})");
  RopeConfig new_form = ReadOk(R"({"rope_parameters": {"rope_type": "yarn", "rope_theta": 5000000,
      "partial_rotary_factor": 0.5, "factor": 4.0, "original_max_position_embeddings": 64, "beta_fast": 20.0}})");
  for (const RopeConfig& config : {old_form, new_form}) {
    EXPECT_EQ(config.type, RopeType::kYarn);
    EXPECT_EQ(config.theta, 5e6);
    EXPECT_EQ(config.partial_rotary_factor, 0.5);
    EXPECT_EQ(config.factor, 4.0);
    EXPECT_EQ(config.original_max_position_embeddings, 64);
    EXPECT_EQ(config.beta_fast, 20);
    EXPECT_EQ(config.beta_slow, 1);
    EXPECT_TRUE(config.truncate);
  }
}

TEST(RopeConfigTest, InnerValuesBeatOuterOnes) {
  RopeConfig config = ReadOk(R"({"rope_theta": 1e4, "partial_rotary_factor": 1.0,
      "rope_parameters": {"rope_theta": 1e6, "partial_rotary_factor": 0.25}})");
  EXPECT_EQ(config.theta, 1e6);
  EXPECT_EQ(config.partial_rotary_factor, 0.25);
}

TEST(RopeConfigTest, TheFamilysDefaultsComeLast) {
  RopeReadOptions options{
      .head_dim = 256, .max_position_embeddings = 9, .default_partial_rotary_factor = 0.25};
  EXPECT_EQ(ReadOk("{}", options).partial_rotary_factor, 0.25);
  EXPECT_EQ(ReadOk(R"({"partial_rotary_factor": 0.5})", options).partial_rotary_factor, 0.5);
  options.reads_theta = false;
  EXPECT_THAT(Read(R"({"rope_theta": [1e4, 1e6]})", options).status,
              StatusIs(kInvalid, HasSubstr("rope_theta: this key")));
}

TEST(RopeConfigTest, OldFormWinsWithAWarning) {
  Outcome outcome = Read(
      R"({"rope_scaling": {"rope_type": "linear", "factor": 2}, "rope_parameters": {"rope_theta": 5}})");
  LATHE_EXPECT_OK(outcome.status);
  EXPECT_EQ(outcome.settings.shared.type, RopeType::kLinear);
  EXPECT_EQ(outcome.settings.shared.theta, 10000);
  EXPECT_THAT(outcome.warnings, ElementsAre(HasSubstr("rope_parameters: is ignored")));
}

TEST(RopeConfigTest, MropeIsDefaultWithSections) {
  RopeReadOptions options{.head_dim = 128, .max_position_embeddings = 9};
  for (
      const char* text :
      {R"({"rope_scaling": {"type": "mrope", "mrope_section": [16, 24, 24]}})",
       R"({"rope_scaling": {"type": "mrope", "rope_type": "default", "mrope_section": [16, 24, 24]}})"}) {
    RopeConfig config = ReadOk(text, options);
    EXPECT_EQ(config.type, RopeType::kDefault);
    EXPECT_THAT(config.mrope_section, ElementsAre(16, 24, 24));
  }
  options = {.head_dim = 256, .max_position_embeddings = 9};
  RopeConfig interleaved =
      ReadOk(R"({"rope_parameters": {"mrope_interleaved": true, "mrope_section": [11, 11, 10],
      "rope_type": "default", "rope_theta": 10000000, "partial_rotary_factor": 0.25}})",
             options);
  EXPECT_THAT(interleaved.mrope_section, ElementsAre(11, 11, 10));
  EXPECT_THAT(
      Read(R"({"rope_scaling": {"mrope_section": [11, 11, 10]}})").status,
      StatusIs(kInvalid,
               HasSubstr("rope_scaling.mrope_section: found 3 sections with the sum 32, expected 3 "
                         "with the sum 16")));
}

TEST(RopeConfigTest, OriginalLengthOfTheTopLevelWins) {
  EXPECT_EQ(
      ReadOk(
          R"({"original_max_position_embeddings": 128, "rope_scaling": {"rope_type": "yarn", "factor": 2,
                       "original_max_position_embeddings": 64}})")
          .original_max_position_embeddings,
      128);
  EXPECT_EQ(ReadOk(R"({"rope_scaling": {"rope_type": "yarn", "factor": 2}})")
                .original_max_position_embeddings,
            256);
}

TEST(RopeConfigTest, AYarnFactorThatDiffersFromTheRatioIsAWarning) {
  Outcome outcome = Read(
      R"({"rope_scaling": {"rope_type": "yarn", "factor": 2, "original_max_position_embeddings": 64}})");
  LATHE_EXPECT_OK(outcome.status);
  EXPECT_THAT(
      outcome.warnings,
      ElementsAre(HasSubstr("rope_scaling.factor: 2 is used as given, though "
                            "max_position_embeddings / original_max_position_embeddings = 4")));
  EXPECT_TRUE(
      Read(
          R"({"rope_scaling": {"rope_type": "yarn", "factor": 4, "original_max_position_embeddings": 64}})")
          .warnings.empty());
}

TEST(RopeConfigTest, LayerTypesHaveTheirOwn) {
  Outcome outcome = Read(R"({"rope_theta": 7e3, "rope_parameters": {
      "full_attention": {"rope_type": "linear", "factor": 8, "rope_theta": 1e6},
      "sliding_attention": {"rope_type": "default"}}})");
  LATHE_EXPECT_OK(outcome.status);
  EXPECT_EQ(outcome.settings.For("full_attention").type, RopeType::kLinear);
  EXPECT_EQ(outcome.settings.For("full_attention").theta, 1e6);
  EXPECT_EQ(outcome.settings.For("sliding_attention").type, RopeType::kDefault);
  EXPECT_EQ(outcome.settings.For("sliding_attention").theta, 7e3);
  EXPECT_EQ(outcome.settings.For("other").theta, 10000);
  EXPECT_THAT(Read(R"({"rope_parameters": {"full_attention": {}, "factor": 2}})").status,
              StatusIs(kInvalid, HasSubstr("rope_parameters.factor: this key is not known")));
}

TEST(RopeConfigTest, WrongValuesAreNamed) {
  const std::pair<const char*, const char*> cases[] = {
      {R"({"rope_theta": 1})", "rope_theta: found the number 1, expected a number from 1.001 to"},
      {R"({"rope_theta": "x"})", "rope_theta: found the string \"x\""},
      {R"({"partial_rotary_factor": 1.5})",
       "partial_rotary_factor: found the number 1.5, expected a number from 0 to 1"},
      {R"({"partial_rotary_factor": 0.1})",
       "0.1 of head_dim 32 rotates 3 components, expected an even number from 2"},
      {R"({"rope_scaling": {"type": "linear"}})",
       "rope_scaling.factor: is missing; rope_type linear needs it"},
      {R"({"rope_scaling": {"type": "linear", "factor": 0}})",
       "rope_scaling.factor: found the number 0, expected a number above 0"},
      {R"({"rope_scaling": {"type": "linear", "factor": 2, "beta_fast": 3}})",
       "rope_scaling.beta_fast: this key is not known"},
      {R"({"rope_scaling": {"type": "yarn", "factor": 2, "beta_fats": 3}})",
       "did you mean beta_fast?"},
      {R"({"rope_scaling": [1]})", "rope_scaling: found a list of 1, expected an object"},
      {R"({"partial_rotary_factor": 0.0625, "rope_scaling": {"type": "dynamic", "factor": 2}})",
       "expected an even number from 4"},
      {R"({"rope_scaling": {"type": "llama3", "factor": 2, "low_freq_factor": 4, "high_freq_factor": 4}})",
       "rope_scaling.high_freq_factor: found 4, expected more than low_freq_factor = 4"},
      {R"({"rope_scaling": {"type": "longrope", "long_factor": [1], "short_factor": []}})",
       "rope_scaling.long_factor: found a list of 1, expected 16"},
      {R"({"rope_scaling": {"type": "longrope", "short_factor": []}})",
       "rope_scaling.long_factor: is missing"},
      {R"({"original_max_position_embeddings": 1, "rope_scaling": {"type": "longrope"}})",
       "found 1, expected more"},
  };
  for (const auto& [text, message] : cases) {
    EXPECT_THAT(Read(text).status, StatusIs(kInvalid, HasSubstr(message))) << text;
  }
}

TEST(RopeConfigTest, UnknownTypesAreUnimplemented) {
  EXPECT_THAT(
      Read(R"({"rope_scaling": {"rope_type": "su"}})").status,
      StatusIs(absl::StatusCode::kUnimplemented, Eq("config.json: rope_scaling.rope_type: \"su\" "
                                                    "is not supported; supported: default, linear, "
                                                    "dynamic, yarn, longrope, llama3, mrope")));
  EXPECT_THAT(Read(R"({"rope_scaling": {"type": "su"}})").status,
              StatusIs(absl::StatusCode::kUnimplemented, HasSubstr("rope_scaling.type: \"su\"")));
}

TEST(RopeConfigTest, TypesHaveNames) { EXPECT_EQ(RopeTypeName(RopeType::kLlama3), "llama3"); }

TEST(RopeConfigTest, FrequenciesAndScalingMatchTheReference) {
  LATHE_ASSERT_OK_AND_ASSIGN(
      ConfigReader reader, ConfigReader::Open(testing::SourcePath("test/data/rope/vectors.json")));
  reader.Ignore({"made_by"});
  ConfigReader cases = reader.Object("cases");
  ASSERT_GE(cases.Keys().size(), 20u);
  for (const std::string& name : cases.Keys()) {
    ConfigReader one = cases.Object(name);
    RopeReadOptions options;
    options.head_dim = one.Int("head_dim", kExtent);
    options.max_position_embeddings = one.Int("max_position_embeddings", kExtent);
    RopeConfig config = ReadRope(one, options).shared;
    const std::vector<float> frequencies =
        InverseFrequencies(config, options.head_dim, one.Int("sequence_tokens"));
    const std::vector<double> expected = one.FloatList("inverse_frequencies");
    ASSERT_EQ(frequencies.size(), expected.size()) << name;
    for (size_t i = 0; i < expected.size(); ++i) {
      // Two units in the last place: the power functions of the libraries differ by one.
      EXPECT_NEAR(frequencies[i] / expected[i], 1, 2.5e-7) << name << " " << i;
    }
    EXPECT_FLOAT_EQ(AttentionScaling(config), static_cast<float>(one.Float("attention_scaling")))
        << name;
  }
  LATHE_EXPECT_OK(reader.Finish());
}

TEST(RopeConfigTest, ReadsEveryPublishedConfig) {
  LATHE_SHARED_DATA_OR_SKIP(folder, "real/configs");
  int files = 0;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (entry.path().extension() != ".json") continue;
    ++files;
    LATHE_ASSERT_OK_AND_ASSIGN(ConfigReader root, ConfigReader::Open(entry.path().string()));
    std::optional<ConfigReader> inner = root.OptionalObject("text_config");
    ConfigReader& text = inner ? *inner : root;
    RopeReadOptions options;
    options.head_dim = text.IntOr(
        "head_dim", text.Int("hidden_size", kExtent) / text.Int("num_attention_heads", kExtent));
    options.max_position_embeddings = text.Int("max_position_embeddings", kExtent);
    options.reads_theta = !text.HasList("rope_theta");
    const RopeConfig config = ReadRope(text, options).shared;
    EXPECT_TRUE(root.ok()) << entry.path();
    EXPECT_TRUE(root.warnings().empty()) << entry.path();
    const std::vector<float> frequencies = InverseFrequencies(config, options.head_dim, 1);
    EXPECT_EQ(frequencies[0], 1) << entry.path();
    EXPECT_TRUE(std::is_sorted(frequencies.rbegin(), frequencies.rend())) << entry.path();
  }
  EXPECT_GT(files, 20);
}

// Numbers worked out by hand from the formulas, apart from the script that made the vectors.
TEST(RopeConfigTest, FrequenciesMatchHandMadeNumbers) {
  RopeConfig config;
  config.type = RopeType::kLlama3;
  config.theta = 5e6;
  config.partial_rotary_factor = 0.5;
  config.factor = 2;
  config.original_max_position_embeddings = 131072;
  config.low_freq_factor = 1;
  config.high_freq_factor = 32;
  const std::vector<float> scaled = InverseFrequencies(config, 128, 1);
  ASSERT_EQ(scaled.size(), 32u);
  const std::pair<size_t, double> expected[] = {{0, 1},
                                                {1, 6.175287e-1},
                                                {14, 1.030196e-3},
                                                {17, 1.592909e-4},
                                                {20, 3.289137e-5},
                                                {21, 2.008033e-5},
                                                {31, 1.619358e-7}};
  for (const auto& [i, value] : expected) EXPECT_NEAR(scaled[i] / value, 1, 1e-6) << i;

  const std::vector<float> plain = InverseFrequencies(RopeConfig{}, 128, 1);
  EXPECT_NEAR(plain[1] / 8.659644e-1, 1, 1e-6);
  EXPECT_NEAR(plain[31] / 1.154782e-2, 1, 1e-6);
  EXPECT_NEAR(plain[63] / 1.154782e-4, 1, 1e-6);
}

}  // namespace
}  // namespace lathe
