// The tokenizers of published models against vectors of the tokenizers library and of llama.cpp.
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "frontend/tokenizer/stream_decoder.h"
#include "frontend/tokenizer/tokenizer.h"
#include "nlohmann/json.hpp"
#include "test/support/data.h"
#include "test/support/status_matchers.h"

namespace lathe {
namespace {

using nlohmann::json;

struct Vector {
  bool has_text = false;  // else only to be decoded
  bool without_nfc = false;
  std::string text;
  std::vector<int32_t> ids;
  std::vector<std::string> tokens;
  std::optional<std::string> decoded;
  std::optional<std::string> decoded_skip_special;
};

std::vector<Vector> ReadVectors(const std::string& path) {
  json rows = json::parse(testing::ReadFileOrDie(path));
  std::vector<Vector> vectors;
  for (const json& row : rows) {
    Vector v;
    v.has_text = row.contains("text");
    v.without_nfc = v.has_text && row.contains("note");
    if (v.has_text) v.text = row["text"].get<std::string>();
    v.ids = row["ids"].get<std::vector<int32_t>>();
    if (row.contains("tokens")) v.tokens = row["tokens"].get<std::vector<std::string>>();
    if (row.contains("decoded")) v.decoded = row["decoded"].get<std::string>();
    if (row.contains("decoded_skip_special")) {
      v.decoded_skip_special = row["decoded_skip_special"].get<std::string>();
    }
    vectors.push_back(std::move(v));
  }
  return vectors;
}

// The text of the first `count` ids as it streams.
std::string Stream(const Tokenizer& tokenizer, const std::vector<int32_t>& ids, size_t count,
                   DecodeOptions options) {
  StreamDecoder decoder(tokenizer, options);
  std::string text;
  for (size_t i = 0; i < count; ++i) text += decoder.Push(ids[i]);
  return text + decoder.Finish();
}

void CheckDecoding(const Tokenizer& tokenizer, const Vector& v) {
  if (v.decoded) EXPECT_EQ(tokenizer.Decode(v.ids), *v.decoded);
  if (v.decoded_skip_special) {
    EXPECT_EQ(tokenizer.Decode(v.ids, {.skip_special = true}), *v.decoded_skip_special);
  }
  for (size_t cut = 0; cut <= v.ids.size(); ++cut) {
    for (bool skip : {false, true}) {
      EXPECT_EQ(
          Stream(tokenizer, v.ids, cut, {.skip_special = skip}),
          tokenizer.Decode(absl::MakeConstSpan(v.ids).subspan(0, cut), {.skip_special = skip}));
    }
  }
  for (size_t i = 0; i < v.tokens.size(); ++i) {
    EXPECT_EQ(tokenizer.IdToToken(v.ids[i]), v.tokens[i]);
    EXPECT_EQ(tokenizer.TokenToId(v.tokens[i]), v.ids[i]);
  }
}

void CheckVectors(const Tokenizer& tokenizer, const std::string& path, size_t min_rows) {
  std::vector<Vector> vectors = ReadVectors(path);
  EXPECT_GE(vectors.size(), min_rows);
  size_t without_nfc = 0;
  for (const Vector& v : vectors) {
    SCOPED_TRACE(v.text);
    CheckDecoding(tokenizer, v);
    if (!v.has_text) continue;
    std::vector<int32_t> ids = tokenizer.Encode(v.text);
    if (v.without_nfc) {
      ++without_nfc;
      EXPECT_LT(ids.size(), v.ids.size());  // composed characters take fewer tokens
    } else {
      EXPECT_EQ(ids, v.ids);
    }
  }
  EXPECT_LE(without_nfc, 3u);
}

class PublishedTokenizer : public ::testing::TestWithParam<const char*> {};

TEST_P(PublishedTokenizer, AgreesWithItsVectorsFromJsonAndFromTables) {
  std::string name = GetParam();
  LATHE_SHARED_DATA_OR_SKIP(json_path, absl::StrCat("real/tokenizers/", name, "/tokenizer.json"));
  LATHE_SHARED_DATA_OR_SKIP(vectors, absl::StrCat("real/vectors/tokenizer_", name, ".json"));
  LATHE_ASSERT_OK_AND_ASSIGN(Tokenizer tokenizer,
                             Tokenizer::FromJson(testing::ReadFileOrDie(json_path), json_path));
  CheckVectors(tokenizer, vectors, 90);
  std::string tables = tokenizer.Serialize();
  LATHE_ASSERT_OK_AND_ASSIGN(Tokenizer mapped, Tokenizer::FromTables(tables));
  CheckVectors(mapped, vectors, 90);
}

INSTANTIATE_TEST_SUITE_P(All, PublishedTokenizer,
                         ::testing::Values("qwen3", "qwen3_5", "step3p5_base"));

TEST(LlamaCppVectors, LettersRule) {
  LATHE_SHARED_DATA_OR_SKIP(json_path, "real/tokenizers/qwen3/tokenizer.json");
  LATHE_SHARED_DATA_OR_SKIP(vectors, "real/vectors/llamacpp_qwen2.json");
  LATHE_ASSERT_OK_AND_ASSIGN(Tokenizer tokenizer,
                             Tokenizer::FromJson(testing::ReadFileOrDie(json_path), json_path));
  CheckVectors(tokenizer, vectors, 47);
}

// The vectors combine the vocabulary of one file with the split expression of another.
TEST(LlamaCppVectors, LettersAndMarksRule) {
  LATHE_SHARED_DATA_OR_SKIP(json_path, "real/tokenizers/qwen3/tokenizer.json");
  LATHE_SHARED_DATA_OR_SKIP(splitter_path, "real/tokenizers/qwen3_5/tokenizer.json");
  LATHE_SHARED_DATA_OR_SKIP(vectors, "real/vectors/llamacpp_qwen35.json");
  json document = json::parse(testing::ReadFileOrDie(json_path));
  document["pre_tokenizer"] = json::parse(testing::ReadFileOrDie(splitter_path))["pre_tokenizer"];
  LATHE_ASSERT_OK_AND_ASSIGN(Tokenizer tokenizer, Tokenizer::FromJson(document.dump(), "combined"));
  CheckVectors(tokenizer, vectors, 51);
}

}  // namespace
}  // namespace lathe
