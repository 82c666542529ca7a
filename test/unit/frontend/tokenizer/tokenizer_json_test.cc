#include "frontend/tokenizer/tokenizer_json.h"

#include "test/support/status_matchers.h"
#include "test/unit/frontend/tokenizer/tiny_tokenizer.h"

namespace lathe {
namespace {

using ::lathe::testing::StatusIs;
using ::lathe::testing::TinyDocument;
using ::lathe::testing::TinyDocumentWith;
using nlohmann::json;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

TEST(ReadTokenizerJson, FillsTheSpecification) {
  LATHE_ASSERT_OK_AND_ASSIGN(TokenizerSpec spec, ReadTokenizerJson(TinyDocument().dump()));
  EXPECT_EQ(spec.tokens.size(), 412u);
  EXPECT_EQ(spec.merges.size(), 144u);
  EXPECT_EQ(spec.added.size(), 11u);
  EXPECT_EQ(spec.normalizer, NormalizerKind::kNfc);
  EXPECT_EQ(spec.split_rule, SplitRule::kLetters);
  EXPECT_THAT(spec.prefix, ElementsAre(403));
  EXPECT_THAT(spec.suffix, ElementsAre(402));
}

TEST(ReadTokenizerJson, SomeKeysMayBeAbsent) {
  json document = TinyDocument();
  for (const char* key :
       {"normalizer", "post_processor", "added_tokens", "truncation", "padding"}) {
    document.erase(key);
  }
  LATHE_ASSERT_OK_AND_ASSIGN(TokenizerSpec spec, ReadTokenizerJson(document.dump()));
  EXPECT_EQ(spec.normalizer, NormalizerKind::kNone);
  EXPECT_TRUE(spec.added.empty() && spec.prefix.empty() && spec.suffix.empty());
}

TEST(ReadTokenizerJson, OthersMayNot) {
  for (const char* key : {"version", "model", "pre_tokenizer", "decoder"}) {
    json document = TinyDocument();
    document.erase(key);
    EXPECT_THAT(ReadTokenizerJson(document.dump()),
                StatusIs(absl::StatusCode::kNotFound,
                         HasSubstr(absl::StrCat(key, ": the key is missing"))));
  }
}

TEST(ReadTokenizerJson, RefusesWhatItDoesNotKnow) {
  EXPECT_THAT(ReadTokenizerJson(TinyDocumentWith("/extra", 1).dump()),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("extra: unknown key")));
  EXPECT_THAT(ReadTokenizerJson(TinyDocumentWith("/version", "2.0").dump()),
              StatusIs(absl::StatusCode::kUnimplemented, HasSubstr("version: \"2.0\"")));
  for (const char* key : {"truncation", "padding"}) {
    EXPECT_THAT(
        ReadTokenizerJson(TinyDocumentWith(absl::StrCat("/", key), {{"max_length", 512}}).dump()),
        StatusIs(absl::StatusCode::kUnimplemented,
                 absl::StrCat(key, ": not supported, expected null")));
  }
  EXPECT_THAT(ReadTokenizerJson("[]"), StatusIs(absl::StatusCode::kInvalidArgument,
                                                "document: an array, expected an object"));
}

TEST(ReadTokenizerJson, BoundsTheSize) {
  EXPECT_THAT(ReadTokenizerJson(std::string((size_t{1} << 28) + 1, ' ')),
              StatusIs(absl::StatusCode::kResourceExhausted, HasSubstr("expected at most 256")));
}

}  // namespace
}  // namespace lathe
