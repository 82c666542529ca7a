#include "frontend/tokenizer/vocabulary_reader.h"

#include "test/support/status_matchers.h"

namespace lathe {
namespace {

using ::lathe::testing::StatusIs;
using nlohmann::json;
using ::testing::HasSubstr;

json Model() {
  return json::parse(
      R"({"type": "BPE", "vocab": {"a": 0, "b": 1, "ab": 3, "\u0120": 2, "\uff5c": 4},
                         "merges": [["a", "b"]]})");
}
json Added(const std::string& fields) { return json::array({json::parse("{" + fields + "}")}); }

// Documents go through text, as in a file: literals in C++ would be signed numbers.
absl::Status ModelStatus(const std::string& key, json value) {
  json model = Model();
  model[key] = std::move(value);
  TokenizerSpec spec;
  return ReadModel(json::parse(model.dump()), &spec);
}

absl::Status AddedStatus(const json& added) {
  TokenizerSpec spec;
  spec.normalizer = NormalizerKind::kNfc;
  absl::Status status = ReadModel(Model(), &spec);
  return status.ok() ? ReadAddedTokens(json::parse(added.dump()), &spec) : status;
}

void ExpectInvalid(const absl::Status& status, absl::string_view message) {
  EXPECT_THAT(status,
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr(std::string(message))));
}
void ExpectUnimplemented(const absl::Status& status, absl::string_view message) {
  EXPECT_THAT(status, StatusIs(absl::StatusCode::kUnimplemented, HasSubstr(std::string(message))));
}

TEST(ReadModel, FillsTokensAndMerges) {
  TokenizerSpec spec;
  LATHE_ASSERT_OK(ReadModel(Model(), &spec));
  ASSERT_EQ(spec.tokens.size(), 5u);
  EXPECT_EQ(spec.tokens[3].bytes, "ab");
  EXPECT_EQ(spec.tokens[2].bytes, " ");
  EXPECT_EQ(spec.tokens[2].flags, kModelToken | kByteLevelToken);
  EXPECT_EQ(spec.tokens[4].bytes, "\uff5c");  // outside the byte-level alphabet
  EXPECT_EQ(spec.tokens[4].flags, kModelToken);
  ASSERT_EQ(spec.merges.size(), 1u);
  EXPECT_EQ(spec.merges[0].left, 0u);
  EXPECT_EQ(spec.merges[0].right, 1u);
  EXPECT_EQ(spec.merges[0].merged, 3u);
  EXPECT_FALSE(spec.ignore_merges);
}

TEST(ReadModel, ReadsMergesInBothSpellings) {
  json model = Model();
  model["merges"] = {"a b"};
  TokenizerSpec spec;
  LATHE_ASSERT_OK(ReadModel(model, &spec));
  EXPECT_EQ(spec.merges[0].merged, 3u);
}

TEST(ReadModel, AcceptsOptionsWithoutEffect) {
  for (const char* key : {"continuing_subword_prefix", "end_of_word_suffix"}) {
    LATHE_EXPECT_OK(ModelStatus(key, nullptr));
    LATHE_EXPECT_OK(ModelStatus(key, ""));
  }
  LATHE_EXPECT_OK(ModelStatus("dropout", 0.0));
  LATHE_EXPECT_OK(ModelStatus("unk_token", "a"));
  LATHE_EXPECT_OK(ModelStatus("fuse_unk", true));
  LATHE_EXPECT_OK(ModelStatus("ignore_merges", true));
}

TEST(ReadModel, RefusesOptionsThatChangeTheMathematics) {
  ExpectUnimplemented(ModelStatus("type", "Unigram"), "model.type: \"Unigram\" is not supported");
  ExpectUnimplemented(ModelStatus("dropout", 0.1), "model.dropout: not supported");
  ExpectUnimplemented(ModelStatus("byte_fallback", true), "model.byte_fallback: true is not");
  ExpectUnimplemented(ModelStatus("end_of_word_suffix", "</w>"), "model.end_of_word_suffix: not");
  ExpectUnimplemented(ModelStatus("continuing_subword_prefix", "##"),
                      "model.continuing_subword_prefix: not");
  ExpectInvalid(ModelStatus("fuse_unk", 3), "model.fuse_unk: a number, expected true or false");
  ExpectInvalid(ModelStatus("new_option", 1), "model.new_option: unknown key");
}

TEST(ReadModel, NamesBadVocabularyEntries) {
  ExpectInvalid(ModelStatus("vocab", json::array()), "model.vocab: an array, expected an object");
  ExpectInvalid(ModelStatus("vocab", {{"a", -1}}), "model.vocab[\"a\"]: -1, expected an id from 0");
  ExpectInvalid(ModelStatus("vocab", {{"a", "x"}}), "model.vocab[\"a\"]: a string, expected an id");
  ExpectInvalid(ModelStatus("vocab", {{"a", 1}, {"b", 1}}),
                "model.vocab[\"b\"]: id 1, which is also \"a\", expected an id of its own");
  ExpectInvalid(ModelStatus("vocab", {{"", 1}}), "a token without characters");
  ExpectInvalid(ModelStatus("vocab", {{"a", 70000}}),
                "model.vocab[\"a\"]: id 70000, expected at most 65537 for 1 tokens");
}

TEST(ReadModel, NamesBadMerges) {
  ExpectInvalid(ModelStatus("merges", {"a b", "ab"}),
                "model.merges[1]: \"ab\", expected two tokens with one space between them");
  ExpectInvalid(ModelStatus("merges", {"a  b"}), "model.merges[0]: \"a  b\", expected two tokens");
  ExpectInvalid(ModelStatus("merges", json::parse("[[\"a\"]]")), "model.merges[0]: an array");
  ExpectInvalid(ModelStatus("merges", json::parse("[[\"a\", 1]]")), "model.merges[0]: an array");
  ExpectInvalid(ModelStatus("merges", {7}), "model.merges[0]: a number, expected \"left right\"");
  ExpectInvalid(ModelStatus("merges", {"a c"}), "model.merges[0]: \"c\" is not in model.vocab");
  ExpectInvalid(ModelStatus("merges", {"b a"}), "model.merges[0]: \"ba\" is not in model.vocab");
  ExpectInvalid(ModelStatus("merges", {"a b", "a b"}),
                "model.merges[1]: \"a\" and \"b\" again, expected each pair once");
  ExpectInvalid(ModelStatus("merges", 1), "model.merges: a number, expected an array");
}

TEST(ReadAddedTokens, CompletesTheTokens) {
  TokenizerSpec spec;
  LATHE_ASSERT_OK(ReadModel(Model(), &spec));
  LATHE_ASSERT_OK(ReadAddedTokens(
      json::parse(R"([{"id": 5, "content": "<s>", "special": true, "normalized": false},
                      {"id": 3, "content": "ab", "lstrip": true, "rstrip": true},
                      {"id": 6, "content": "x y"}])"),
      &spec));
  ASSERT_EQ(spec.tokens.size(), 7u);
  EXPECT_EQ(spec.tokens[5].flags, kAddedToken | kSpecialToken | kByteLevelToken);
  EXPECT_EQ(spec.tokens[3].flags, kModelToken | kAddedToken | kByteLevelToken);
  EXPECT_EQ(spec.tokens[6].flags, kAddedToken);
  EXPECT_EQ(spec.tokens[6].bytes, "x y");
  ASSERT_EQ(spec.added.size(), 3u);
  EXPECT_FALSE(spec.added[0].normalized);
  EXPECT_TRUE(spec.added[0].special);
  EXPECT_TRUE(spec.added[1].strips_left);
  EXPECT_TRUE(spec.added[1].strips_right);
  EXPECT_TRUE(spec.added[1].normalized);  // the library's default for tokens that are not special
}

TEST(ReadAddedTokens, NormalisesWhatIsMatchedInNormalisedText) {
  TokenizerSpec spec;
  spec.normalizer = NormalizerKind::kNfc;
  LATHE_ASSERT_OK(ReadModel(Model(), &spec));
  LATHE_ASSERT_OK(
      ReadAddedTokens(json::parse(R"([{"id": 5, "content": "e\u0301", "normalized": true},
                      {"id": 6, "content": "o\u0301", "normalized": false}])"),
                      &spec));
  EXPECT_EQ(spec.added[0].content, "\u00e9");
  EXPECT_EQ(spec.added[1].content, "o\u0301");
}

TEST(ReadAddedTokens, NamesConflicts) {
  ExpectInvalid(AddedStatus(Added(R"("id": 1, "content": "a")")),
                "added_tokens[0]: id 1 for \"a\", expected 0, as in model.vocab");
  ExpectInvalid(AddedStatus(Added(R"("id": 2, "content": "c")")),
                "added_tokens[0]: id 2 for \"c\", expected 5, the next one behind the vocabulary");
  json twice = json::array({{{"id", 5}, {"content", "c"}}, {{"id", 5}, {"content", "c"}}});
  ExpectInvalid(AddedStatus(twice), "added_tokens[1]: \"c\" again");
  TokenizerSpec with_hole;
  json model = json::parse(R"({"type": "BPE", "vocab": {"a": 0, "b": 2}, "merges": []})");
  LATHE_ASSERT_OK(ReadModel(model, &with_hole));
  ExpectInvalid(ReadAddedTokens(Added(R"("id": 2, "content": "c")"), &with_hole),
                "added_tokens[0]: id 2 for \"c\", expected an unused one, not that of \"b\"");
  json same_form =
      json::array({{{"id", 5}, {"content", "e\u0301"}}, {{"id", 6}, {"content", "\u00e9"}}});
  ExpectInvalid(AddedStatus(same_form), "added_tokens[1].content: \"\u00e9\" again, after");
}

TEST(ReadAddedTokens, NamesBadFields) {
  ExpectInvalid(AddedStatus(json::object()), "added_tokens: an object, expected an array");
  ExpectInvalid(AddedStatus(json::array({1})), "added_tokens[0]: a number, expected an object");
  EXPECT_THAT(AddedStatus(Added(R"("id": 9)")),
              StatusIs(absl::StatusCode::kNotFound, "added_tokens[0].content: the key is missing"));
  ExpectInvalid(AddedStatus(Added(R"("id": 5, "content": "")")),
                "added_tokens[0].content: 0 bytes, expected 1 to 1024");
  ExpectInvalid(AddedStatus(Added(R"("id": 5, "content": ")" + std::string(1025, 'x') + "\"")),
                "added_tokens[0].content: 1025 bytes");
  ExpectInvalid(AddedStatus(Added(R"("id": 99999, "content": "c")")),
                "added_tokens[0]: id 99999 for \"c\", expected 5, the next");
  ExpectInvalid(AddedStatus(Added(R"("id": 5, "content": "c", "colour": 1)")),
                "added_tokens[0].colour: unknown key");
  ExpectUnimplemented(AddedStatus(Added(R"("id": 5, "content": "c", "single_word": true)")),
                      "added_tokens[0].single_word: true is not supported (token \"c\")");
}

}  // namespace
}  // namespace lathe
