#include "frontend/tokenizer/tokenizer.h"

#include <string>
#include <thread>
#include <vector>

#include "test/support/status_matchers.h"
#include "test/unit/frontend/tokenizer/tiny_tokenizer.h"

namespace lathe {
namespace {

using ::lathe::testing::StatusIs;
using ::lathe::testing::TinyDocument;
using ::lathe::testing::TinyTokenizer;
using nlohmann::json;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StartsWith;

using Ids = std::vector<int32_t>;

// vectors.json is described in tools/dev/make_tokenizer_vectors.py.
void CheckRow(const Tokenizer& tokenizer, const json& row) {
  const auto text = row["text"].get<std::string>();
  SCOPED_TRACE(text);
  const auto ids = row["ids"].get<Ids>();
  EXPECT_EQ(tokenizer.Encode(text, {.add_template = false}), ids);
  EXPECT_EQ(tokenizer.Encode(text, {.parse_special = false, .add_template = false}),
            row.value("ids_text", ids));
  const std::string decoded = row.value("decoded", text);
  EXPECT_EQ(tokenizer.Decode(ids), decoded);
  EXPECT_EQ(tokenizer.Decode(ids, {.skip_special = true}),
            row.value("decoded_skip_special", decoded));
  if (!row.contains("tokens")) return;
  EXPECT_EQ(tokenizer.Encode(text), row["ids_template"].get<Ids>());
  const auto tokens = row["tokens"].get<std::vector<std::string>>();
  for (size_t i = 0; i < tokens.size(); ++i) {
    EXPECT_EQ(tokenizer.IdToToken(ids[i]), tokens[i]);
    EXPECT_EQ(tokenizer.TokenToId(tokens[i]), ids[i]);
  }
}

class TinyVariant : public ::testing::TestWithParam<const char*> {};

TEST_P(TinyVariant, AgreesWithItsVectorsFromJsonAndFromTables) {
  const json variants =
      json::parse(testing::ReadFileOrDie(testing::SourcePath("test/data/tokenizer/vectors.json")));
  auto variant = std::find_if(variants.begin(), variants.end(),
                              [](const json& v) { return v["name"] == GetParam(); });
  ASSERT_NE(variant, variants.end());
  json document = TinyDocument();
  for (const auto& change : (*variant)["changes"].items()) {
    document[json::json_pointer(change.key())] = change.value();
  }
  LATHE_ASSERT_OK_AND_ASSIGN(Tokenizer tokenizer, Tokenizer::FromJson(document.dump(), "tiny"));
  // One byte further than an allocation: tables need no alignment.
  const std::string tables = " " + tokenizer.Serialize();
  LATHE_ASSERT_OK_AND_ASSIGN(Tokenizer mapped,
                             Tokenizer::FromTables(absl::string_view(tables).substr(1)));
  EXPECT_EQ(mapped.Serialize(), tokenizer.Serialize());
  ASSERT_GE((*variant)["rows"].size(), 60u);
  for (const json& row : (*variant)["rows"]) {
    CheckRow(tokenizer, row);
    CheckRow(mapped, row);
  }
}

INSTANTIATE_TEST_SUITE_P(All, TinyVariant,
                         ::testing::Values("letters", "letters_and_marks", "three_stages",
                                           "ignore_merges"));

TEST(Tokenizer, SameJsonGivesSameTables) {
  EXPECT_EQ(TinyTokenizer().Serialize(), TinyTokenizer().Serialize());
}

TEST(Tokenizer, MessagesBeginWithTheOrigin) {
  EXPECT_THAT(Tokenizer::FromJson("{", "dir/tokenizer.json"),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       StartsWith("dir/tokenizer.json: not valid JSON at line 1, byte 1")));
  json document = TinyDocument();
  document["model"]["vocab"].erase("a");
  document["model"]["merges"] = json::array();
  EXPECT_THAT(Tokenizer::FromJson(document.dump(), "dir/tokenizer.json"),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       StartsWith("dir/tokenizer.json: vocabulary: no token for the byte 0x61")));
}

TEST(Tokenizer, EncodesIllFormedUtf8AsReplacementCharacters) {
  Tokenizer tokenizer = TinyTokenizer();
  EXPECT_EQ(tokenizer.Encode("a\xff\xe4\xbd z"), tokenizer.Encode("a\uFFFD\uFFFD z"));
}

TEST(Tokenizer, DecodesCutCharactersAsReplacementCharacters) {
  Tokenizer tokenizer = TinyTokenizer();
  Ids ids = tokenizer.Encode("\U0001F600", {.add_template = false});
  ASSERT_EQ(ids.size(), 4u);
  EXPECT_EQ(tokenizer.Decode(ids), "\U0001F600");
  ids.pop_back();
  EXPECT_EQ(tokenizer.Decode(ids), "\uFFFD");
  ids.push_back(*tokenizer.TokenToId("a"));
  EXPECT_EQ(tokenizer.Decode(ids), "\uFFFDa");
}

TEST(Tokenizer, IdsWithoutATokenAreNothing) {
  json document = testing::TinyDocumentWith("/model/vocab/zebra", 450);
  document["post_processor"] = nullptr;
  LATHE_ASSERT_OK_AND_ASSIGN(Tokenizer tokenizer, Tokenizer::FromJson(document.dump(), "holes"));
  EXPECT_EQ(tokenizer.size(), 451);
  EXPECT_EQ(tokenizer.TokenToId("zebra"), 450);
  for (int32_t id : {-1, 400, 420, 451, INT32_MAX, INT32_MIN}) {
    EXPECT_EQ(tokenizer.TokenText(id), "") << id;
    EXPECT_EQ(tokenizer.IdToToken(id), std::nullopt) << id;
    EXPECT_FALSE(tokenizer.IsSpecial(id)) << id;
  }
  EXPECT_EQ(tokenizer.Decode({-1, 400, *tokenizer.TokenToId("a"), 451}), "a");
  EXPECT_EQ(tokenizer.TokenToId("no such token"), std::nullopt);
  EXPECT_EQ(tokenizer.TokenToId(""), std::nullopt);
}

TEST(Tokenizer, TellsSpecialTokens) {
  Tokenizer tokenizer = TinyTokenizer();
  EXPECT_TRUE(tokenizer.IsSpecial(*tokenizer.TokenToId("<|end|>")));
  EXPECT_FALSE(tokenizer.IsSpecial(*tokenizer.TokenToId("<think>")));
  EXPECT_FALSE(tokenizer.IsSpecial(*tokenizer.TokenToId("a")));
}

TEST(Tokenizer, TokenTextIsBytesAndTokenIsTheSpelling) {
  Tokenizer tokenizer = TinyTokenizer();
  int32_t space = *tokenizer.TokenToId("\u0120");
  EXPECT_EQ(tokenizer.TokenText(space), " ");
  EXPECT_EQ(tokenizer.IdToToken(space), "\u0120");
  EXPECT_EQ(tokenizer.TokenToId(" "), std::nullopt);
}

TEST(Tokenizer, StaysValidWhenMoved) {
  Tokenizer first = TinyTokenizer();
  Ids ids = first.Encode("the lazy dog");
  Tokenizer second = std::move(first);
  EXPECT_EQ(second.Encode("the lazy dog"), ids);
}

TEST(Tokenizer, ServesThreadsAtOnce) {
  const Tokenizer tokenizer = TinyTokenizer();
  const std::string text = "the quick brown fox doesn't mind 123 \u00e9t\u00e9 <|end|>";
  const Ids expected = tokenizer.Encode(text);
  std::vector<int> failures(4, 0);
  std::vector<std::thread> threads;
  for (int& failed : failures) {
    threads.emplace_back([&] {
      for (int i = 0; i < 200; ++i) failed += tokenizer.Encode(text) != expected;
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_THAT(failures, ElementsAre(0, 0, 0, 0));
}

// Anything quadratic would take minutes here.
TEST(Tokenizer, LongMonotonousTextsTakeLinearTime) {
  Tokenizer tokenizer = TinyTokenizer();
  for (std::string unit : {"a", " ", "\n", "<", "<a", "1", "\x01", "\u0323\u0301", "\u4f60", "'",
                           "<left>", " <left>", "\xff"}) {
    std::string text;
    while (text.size() < 200000) text += unit;
    EXPECT_FALSE(tokenizer.Encode(text).empty()) << unit;
  }
}

TEST(Tokenizer, FromTablesRefusesOtherBytes) {
  EXPECT_THAT(Tokenizer::FromTables("{\"version\": \"1.0\"}"),
              StatusIs(absl::StatusCode::kDataLoss, HasSubstr("tokenizer tables: ")));
}

TEST(Tokenizer, EmptyTextGivesNothingButTheTemplate) {
  Tokenizer tokenizer = TinyTokenizer();
  EXPECT_THAT(tokenizer.Encode("", {.add_template = false}), IsEmpty());
  EXPECT_THAT(tokenizer.Encode(""),
              ElementsAre(*tokenizer.TokenToId("<|start|>"), *tokenizer.TokenToId("<|end|>")));
  EXPECT_EQ(tokenizer.Decode({}), "");
}

}  // namespace
}  // namespace lathe
