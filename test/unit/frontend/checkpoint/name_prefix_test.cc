#include "frontend/checkpoint/name_prefix.h"

#include "test/support/status_matchers.h"
#include "test/unit/frontend/checkpoint/named_tensors.h"

namespace lathe {
namespace {

using ::lathe::testing::NamedTensors;
using ::lathe::testing::StatusIs;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

TEST(CanonicalNamesTest, PlainNamesStay) {
  NamedTensors stored({"lm_head.weight", "model.embed_tokens.weight", "model.layers.0.a"});
  LATHE_ASSERT_OK_AND_ASSIGN(auto tensors, CanonicalNames::Over(stored, "m"));
  EXPECT_EQ(tensors->prefix(), "model.");
  EXPECT_THAT(tensors->Names(),
              ElementsAre("lm_head.weight", "model.embed_tokens.weight", "model.layers.0.a"));
  EXPECT_EQ(tensors->Find("model.layers.0.a")->bytes, "model.layers.0.a");
  EXPECT_EQ(tensors->Find("layers.0.a"), nullptr);
}

TEST(CanonicalNamesTest, TheLanguageModelOfAMultimodalCheckpoint) {
  NamedTensors stored({"lm_head.weight", "model.language_model.layers.0.a",
                       "model.language_model.norm.weight", "model.visual.blocks.0.a",
                       "mtp.norm.weight"});
  LATHE_ASSERT_OK_AND_ASSIGN(auto tensors, CanonicalNames::Over(stored, "m"));
  EXPECT_EQ(tensors->prefix(), "model.language_model.");
  EXPECT_THAT(tensors->Names(),
              ElementsAre("lm_head.weight", "model.layers.0.a", "model.norm.weight",
                          "model.visual.blocks.0.a", "mtp.norm.weight"));
  EXPECT_EQ(tensors->Find("model.layers.0.a")->bytes, "model.language_model.layers.0.a");
  EXPECT_EQ(tensors->Find("model.language_model.layers.0.a"), nullptr);
  EXPECT_EQ(tensors->StoredName("model.norm.weight"), "model.language_model.norm.weight");
  EXPECT_EQ(tensors->StoredName("none"), "none");
  EXPECT_EQ(tensors->Origin("model.layers.0.a"), "file of model.language_model.layers.0.a");
}

TEST(CanonicalNamesTest, NoPrefixAtAll) {
  NamedTensors stored({"embed_tokens.weight", "layers.0.a", "lm_head.weight", "norm.weight"});
  LATHE_ASSERT_OK_AND_ASSIGN(auto tensors, CanonicalNames::Over(stored, "m"));
  EXPECT_EQ(tensors->prefix(), "");
  EXPECT_THAT(tensors->Names(), ElementsAre("lm_head.weight", "model.embed_tokens.weight",
                                            "model.layers.0.a", "model.norm.weight"));
  EXPECT_EQ(tensors->Find("model.norm.weight")->bytes, "norm.weight");
}

TEST(CanonicalNamesTest, NoDecoderIsAnErrorThatShowsWhatIsThere) {
  NamedTensors stored({"transformer.h.0.a", "z"});
  EXPECT_THAT(CanonicalNames::Over(stored, "m"),
              StatusIs(absl::StatusCode::kNotFound,
                       AllOf(HasSubstr("m: no decoder layers"),
                             HasSubstr("\"model.language_model.\", \"model.\", \"\""),
                             HasSubstr("it holds 2 tensors, the first is \"transformer.h.0.a\""))));
  EXPECT_THAT(CanonicalNames::Over(NamedTensors(), "m"),
              StatusIs(absl::StatusCode::kNotFound, HasSubstr("it holds 0 tensors")));
}

TEST(CanonicalNamesTest, TwoTensorsForOneNameAreRefused) {
  NamedTensors stored({"model.language_model.norm.weight", "model.norm.weight"});
  EXPECT_THAT(CanonicalNames::Over(stored, "m"),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("m: tensors \"model.language_model.norm.weight\" and "
                                 "\"model.norm.weight\" both stand "
                                 "for \"model.norm.weight\"")));
}

}  // namespace
}  // namespace lathe
