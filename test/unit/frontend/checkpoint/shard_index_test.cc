#include "frontend/checkpoint/shard_index.h"

#include <random>

#include "absl/strings/str_cat.h"
#include "test/support/status_matchers.h"

namespace lathe {
namespace {

using ::lathe::testing::StatusIs;
using ::testing::ElementsAre;
using ::testing::Eq;
using ::testing::HasSubstr;
using ::testing::Pair;

constexpr auto kInvalid = absl::StatusCode::kInvalidArgument;

TEST(ShardIndexTest, ReadsTheMapAndNothingElse) {
  LATHE_ASSERT_OK_AND_ASSIGN(
      ShardIndex index,
      ParseShardIndex(R"({"metadata": {"total_size": 5, "x": [1.5, {"y": null}, -1, true, "s"]},
                          "weight_map": {"b": "model.safetensors-00001-of-00002.safetensors",
                                         "a": "model-00002-of-00002.safetensors",
                                         "c": "model-00002-of-00002.safetensors"}, "more": 1})",
                      "i"));
  EXPECT_THAT(index.weight_map,
              ElementsAre(Pair("a", "model-00002-of-00002.safetensors"),
                          Pair("b", "model.safetensors-00001-of-00002.safetensors"),
                          Pair("c", "model-00002-of-00002.safetensors")));
  EXPECT_THAT(index.files, ElementsAre("model-00002-of-00002.safetensors",
                                       "model.safetensors-00001-of-00002.safetensors"));
}

TEST(ShardIndexTest, TheMapIsRequiredOnceAndAnObjectOfStrings) {
  const std::pair<const char*, const char*> cases[] = {
      {"{}", "i: weight_map is missing"},
      {"5", "i: found a number, expected an object"},
      {"[]", "i: found a list, expected an object"},
      {R"({"weight_map": "x"})", "i: weight_map: found a string, expected an object"},
      {R"({"weight_map": ["x"]})", "i: weight_map: found a list, expected an object"},
      {R"({"weight_map": {}, "weight_map": {}})", "i: weight_map occurs twice"},
      {R"({"weight_map": {"a": 1}})",
       "i: weight_map: tensor \"a\": found a number, expected a file name"},
      {R"({"weight_map": {"a": {}}})",
       "i: weight_map: tensor \"a\": found an object, expected a file name"},
      {R"({"weight_map": {"a": "f", "a": "g"}})",
       "i: weight_map: tensor \"a\": the name occurs twice"},
  };
  for (const auto& [text, message] : cases) {
    EXPECT_THAT(ParseShardIndex(text, "i"), StatusIs(kInvalid, Eq(message)));
  }
  EXPECT_THAT(ParseShardIndex("{\n\"weight_map\": {\"a\"}}", "i"),
              StatusIs(kInvalid, HasSubstr("i: line 2, column 19: not JSON")));
}

TEST(ShardIndexTest, FileNamesThatLeadAwayAreRefused) {
  for (const char* file :
       {"/etc/passwd", "../m.safetensors", "x/m.safetensors", "..", "a\\\\b", "a\\u0000b", ""}) {
    EXPECT_THAT(ParseShardIndex(absl::StrCat(R"({"weight_map": {"t": ")", file, "\"}}"), "i"),
                StatusIs(kInvalid, HasSubstr("i: weight_map: tensor \"t\": file name ")))
        << file;
  }
}

TEST(ShardIndexTest, DepthIsBounded) {
  EXPECT_THAT(ParseShardIndex("{\"metadata\": " + std::string(100000, '['), "i"),
              StatusIs(kInvalid, HasSubstr("nested more than 32 levels")));
}

TEST(ShardIndexTest, DamagedTextNeverCrashes) {
  const std::string good =
      R"({"metadata": {"total_size": 5}, "weight_map": {"a": "f.safetensors", "b": "g"}})";
  std::mt19937 random(5);
  int errors = 0;
  for (int round = 0; round < 3000; ++round) {
    std::string text = good;
    for (int change = 0; change < 2; ++change)
      text[random() % text.size()] = static_cast<char>(random());
    if (round % 4 == 0) text.resize(random() % text.size());
    if (!ParseShardIndex(text, "i").ok()) ++errors;
  }
  EXPECT_GT(errors, 1000);
}

}  // namespace
}  // namespace lathe
