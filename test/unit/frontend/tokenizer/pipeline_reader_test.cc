#include "frontend/tokenizer/pipeline_reader.h"

#include "test/support/status_matchers.h"
#include "test/unit/frontend/tokenizer/tiny_tokenizer.h"

namespace lathe {
namespace {

using ::lathe::testing::StatusIs;
using nlohmann::json;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

void ExpectInvalid(const absl::Status& status, absl::string_view message) {
  EXPECT_THAT(status,
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr(std::string(message))));
}
void ExpectUnimplemented(const absl::Status& status, absl::string_view message) {
  EXPECT_THAT(status, StatusIs(absl::StatusCode::kUnimplemented, HasSubstr(std::string(message))));
}

absl::StatusOr<NormalizerKind> Normalizer(const std::string& text) {
  TokenizerSpec spec;
  absl::Status status = ReadNormalizer(json::parse(text), &spec);
  if (!status.ok()) return status;
  return spec.normalizer;
}

TEST(ReadNormalizer, KnowsNoneAndNfc) {
  EXPECT_EQ(Normalizer("null").value(), NormalizerKind::kNone);
  EXPECT_EQ(Normalizer(R"({"type": "NFC"})").value(), NormalizerKind::kNfc);
  EXPECT_EQ(Normalizer(R"({"type": "Sequence", "normalizers": []})").value(),
            NormalizerKind::kNone);
  EXPECT_EQ(
      Normalizer(
          R"({"type": "Sequence", "normalizers": [{"type": "Sequence", "normalizers": [{"type": "NFC"}]}]})")
          .value(),
      NormalizerKind::kNfc);
}

TEST(ReadNormalizer, RefusesOthers) {
  ExpectUnimplemented(Normalizer(R"({"type": "NFKC"})").status(),
                      "normalizer: type \"NFKC\" is not supported; supported: null, NFC, Sequence");
  ExpectUnimplemented(
      Normalizer(R"({"type": "Sequence", "normalizers": [{"type": "NFC"}, {"type": "Lowercase"}]})")
          .status(),
      "normalizer.normalizers[1]: type \"Lowercase\"");
  ExpectInvalid(Normalizer(R"({"type": "NFC", "x": 1})").status(), "normalizer.x: unknown key");
  ExpectInvalid(Normalizer("7").status(), "normalizer: a number, expected an object");
  ExpectInvalid(Normalizer(R"({"type": "Sequence", "normalizers": 1})").status(),
                "normalizer.normalizers: a number, expected an array");
}

// The tiny file's pre_tokenizer with one value replaced.
absl::Status PreTokenizerWith(const std::string& pointer, json value) {
  json step = testing::TinyDocument()["pre_tokenizer"];
  step[json::json_pointer(pointer)] = std::move(value);
  TokenizerSpec spec;
  return ReadPreTokenizer(step, &spec);
}

TEST(ReadPreTokenizer, RefusesOtherSteps) {
  ExpectUnimplemented(PreTokenizerWith("/type", "ByteLevel"),
                      "pre_tokenizer: type \"ByteLevel\" is not supported; supported: a Sequence");
  ExpectUnimplemented(PreTokenizerWith("/pretokenizers/0/type", "Whitespace"),
                      "pre_tokenizer.pretokenizers[0]: type \"Whitespace\" is not supported");
  ExpectUnimplemented(PreTokenizerWith("/pretokenizers/0/behavior", "Removed"),
                      "pre_tokenizer.pretokenizers[0].behavior: \"Removed\" is not supported");
  ExpectUnimplemented(PreTokenizerWith("/pretokenizers/0/invert", true),
                      "pre_tokenizer.pretokenizers[0].invert: true is not supported");
  ExpectUnimplemented(PreTokenizerWith("/pretokenizers/1/add_prefix_space", true),
                      "pre_tokenizer.pretokenizers[1].add_prefix_space: true is not supported");
  ExpectUnimplemented(PreTokenizerWith("/pretokenizers/1/use_regex", true),
                      "pre_tokenizer.pretokenizers[1].use_regex: true is not supported");
  ExpectUnimplemented(
      PreTokenizerWith("/pretokenizers/2", {{"type", "Digits"}}),
      "pre_tokenizer.pretokenizers[2]: type \"Digits\" is not supported; supported: "
      "nothing behind ByteLevel");
  ExpectUnimplemented(PreTokenizerWith("/pretokenizers/0/pattern/Regex", "\\w+"),
                      "pre_tokenizer: the split expressions [\"\\\\w+\"] are not supported");
}

TEST(ReadPreTokenizer, NamesBadFields) {
  EXPECT_THAT(PreTokenizerWith("/pretokenizers/0/pattern", {{"String", " "}}),
              StatusIs(absl::StatusCode::kNotFound,
                       "pre_tokenizer.pretokenizers[0].pattern.Regex: the key is missing"));
  ExpectInvalid(PreTokenizerWith("/pretokenizers/0/extra", 1),
                "pre_tokenizer.pretokenizers[0].extra: unknown key");
  ExpectInvalid(PreTokenizerWith("/pretokenizers", json::array()),
                "pre_tokenizer: no ByteLevel step, expected a Sequence of Split steps");
  TokenizerSpec spec;
  ExpectInvalid(ReadPreTokenizer(nullptr, &spec), "pre_tokenizer: null, expected an object");
}

json Template(const std::string& single) {
  return {{"type", "TemplateProcessing"},
          {"single", json::parse(single)},
          {"pair", json::array()},
          {"special_tokens", {{"<s>", {{"id", "<s>"}, {"ids", {1, 2}}, {"tokens", {"x", "y"}}}}}}};
}
const char kText[] = R"({"Sequence": {"id": "A", "type_id": 0}})";
const char kSpecial[] = R"({"SpecialToken": {"id": "<s>", "type_id": 0}})";

// Through text, as in a file: literals in C++ would be signed numbers.
absl::StatusOr<TokenizerSpec> PostProcessor(const json& value) {
  TokenizerSpec spec;
  spec.tokens.resize(4, TokenSpec{"x", kAddedToken});
  spec.tokens[3].flags = 0;
  absl::Status status = ReadPostProcessor(json::parse(value.dump()), &spec);
  if (!status.ok()) return status;
  return spec;
}

TEST(ReadPostProcessor, PutsTokensAroundTheText) {
  LATHE_ASSERT_OK_AND_ASSIGN(TokenizerSpec none, PostProcessor(nullptr));
  EXPECT_TRUE(none.prefix.empty() && none.suffix.empty());
  json behind = Template(absl::StrCat("[", kText, ",", kSpecial, "]"));
  LATHE_ASSERT_OK_AND_ASSIGN(
      TokenizerSpec spec,
      PostProcessor({{"type", "Sequence"}, {"processors", {{{"type", "ByteLevel"}}, behind}}}));
  EXPECT_TRUE(spec.prefix.empty());
  EXPECT_THAT(spec.suffix, ElementsAre(1, 2));
  LATHE_ASSERT_OK_AND_ASSIGN(spec,
                             PostProcessor(Template(absl::StrCat("[", kSpecial, ",", kText, "]"))));
  EXPECT_THAT(spec.prefix, ElementsAre(1, 2));
  EXPECT_TRUE(spec.suffix.empty());
}

TEST(ReadPostProcessor, RefusesOthers) {
  ExpectUnimplemented(PostProcessor({{"type", "BertProcessing"}}).status(),
                      "post_processor: type \"BertProcessing\" is not supported; supported: null, "
                      "ByteLevel, TemplateProcessing, Sequence");
  json special = Template(absl::StrCat("[", kSpecial, ",", kText, "]"));
  ExpectUnimplemented(
      PostProcessor({{"type", "Sequence"}, {"processors", {special, special}}}).status(),
      "post_processor.processors[1]: a second TemplateProcessing is not supported");
}

TEST(ReadPostProcessor, NamesBadTemplates) {
  auto status = [](const std::string& single) { return PostProcessor(Template(single)).status(); };
  ExpectInvalid(status("[]"), "post_processor.single: no Sequence, expected one");
  ExpectInvalid(status(absl::StrCat("[", kText, ",", kText, "]")),
                "post_processor.single[1].Sequence.id: \"A\", expected \"A\", once");
  ExpectInvalid(status(R"([{"Sequence": {"id": "B"}}])"),
                "post_processor.single[0].Sequence.id: \"B\", expected \"A\", once");
  ExpectInvalid(status(R"([{"SpecialToken": {"id": "<z>"}}])"),
                "post_processor.single[0].SpecialToken.id: \"<z>\", expected a name in");
  ExpectInvalid(status("[{}]"), "post_processor.single[0]: an empty object, expected SpecialToken");
  ExpectInvalid(status(R"([{"Other": 1}])"), "post_processor.single[0].Other: unknown key");
  json unused = Template(absl::StrCat("[", kText, ",", kSpecial, "]"));
  unused["special_tokens"]["<s>"]["ids"] = {3};
  ExpectInvalid(PostProcessor(unused).status(),
                "post_processor.special_tokens[\"<s>\"].ids: \"3\", expected ids of tokens");
  unused["special_tokens"] = 1;
  ExpectInvalid(PostProcessor(unused).status(),
                "post_processor.special_tokens: a number, expected an object");
}

TEST(CheckDecoder, KnowsByteLevelOnly) {
  LATHE_EXPECT_OK(CheckDecoder({{"type", "ByteLevel"}, {"add_prefix_space", true}}));
  ExpectUnimplemented(CheckDecoder({{"type", "WordPiece"}}),
                      "decoder: type \"WordPiece\" is not supported; supported: ByteLevel");
  ExpectInvalid(CheckDecoder(nullptr), "decoder: null, expected an object");
  ExpectInvalid(CheckDecoder({{"type", "ByteLevel"}, {"x", 1}}), "decoder.x: unknown key");
}

}  // namespace
}  // namespace lathe
