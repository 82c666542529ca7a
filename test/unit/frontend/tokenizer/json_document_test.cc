#include "frontend/tokenizer/json_document.h"

#include "test/support/status_matchers.h"

namespace lathe {
namespace {

using ::lathe::testing::StatusIs;
using nlohmann::json;
using ::testing::HasSubstr;

void ExpectInvalid(const absl::Status& status, absl::string_view message) {
  EXPECT_THAT(status,
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr(std::string(message))));
}

TEST(ParseJson, ReadsWhatNlohmannReads) {
  const std::string text =
      R"({"a": [1, -2, 3.5, true, null, "x\u00e9", {"b": []}], "c": {}, "d": [[], [[1]]]})";
  LATHE_ASSERT_OK_AND_ASSIGN(json document, ParseJson(text));
  EXPECT_EQ(document, json::parse(text));
  EXPECT_EQ(ParseJson("7").value(), json(7));
}

TEST(ParseJson, SaysWhereTheSyntaxIsWrong) {
  ExpectInvalid(ParseJson("").status(), "not valid JSON at line 1, byte 0");
  ExpectInvalid(ParseJson("{\n\"a\": 1,\n}").status(), "not valid JSON at line 3, byte 10");
  ExpectInvalid(ParseJson("[1, 2").status(), "not valid JSON at line 1");
  ExpectInvalid(ParseJson("[\"\xff\"]").status(), "not valid JSON at line 1, byte 2");
  ExpectInvalid(ParseJson("[1e999]").status(), "not valid JSON");
  ExpectInvalid(ParseJson("1 2").status(), "not valid JSON");
}

TEST(ParseJson, RefusesRepeatedKeys) {
  ExpectInvalid(ParseJson(R"({"a": 1, "b": {"a": 1}, "a": 2})").status(),
                "the key \"a\" occurs twice in one object");
}

TEST(ParseJson, BoundsTheDepth) {
  LATHE_EXPECT_OK(ParseJson(std::string(32, '[') + std::string(32, ']')));
  ExpectInvalid(ParseJson(std::string(33, '[') + std::string(33, ']')).status(),
                "nested over 32 deep");
  ExpectInvalid(ParseJson(std::string(10000000, '[')).status(), "nested over 32 deep");
}

class JsonObjectTest : public ::testing::Test {
 protected:
  JsonObject Open(std::string path = "place") {
    return JsonObject::Open(document_, std::move(path)).value();
  }
  json document_ = json::parse(
      R"({"s": "text", "b": true, "n": 7, "big": 1e3, "neg": -1, "list": [1], "null": null, "e": ""})");
};

TEST_F(JsonObjectTest, ReadsValues) {
  JsonObject object = Open();
  EXPECT_EQ(object.String("s").value(), "text");
  EXPECT_EQ(object.Bool("b").value(), true);
  EXPECT_EQ(object.Bool("absent", true).value(), true);
  EXPECT_EQ(object.Bool("b", false).value(), true);
  EXPECT_EQ(object.Index("n", 8).value(), 7u);
  EXPECT_EQ((*object.Array("list").value()), json::array({1}));
  EXPECT_EQ(object.Find("absent"), nullptr);
  EXPECT_TRUE(object.IsBlank("absent"));
  EXPECT_TRUE(object.IsBlank("null"));
  EXPECT_TRUE(object.IsBlank("e"));
  EXPECT_FALSE(object.IsBlank("s"));
  EXPECT_FALSE(object.IsBlank("n"));
}

TEST_F(JsonObjectTest, NamesPlaceAndKindOfWrongValues) {
  JsonObject object = Open();
  ExpectInvalid(object.String("n").status(), "place.n: a number, expected a string");
  ExpectInvalid(object.Bool("s").status(), "place.s: a string, expected true or false");
  ExpectInvalid(object.Bool("null", true).status(), "place.null: null, expected true or false");
  ExpectInvalid(object.Array("b").status(), "place.b: a boolean, expected an array");
  ExpectInvalid(object.Index("n", 7).status(), "place.n: \"7\", expected an integer from 0 to 6");
  ExpectInvalid(object.Index("neg", 7).status(), "place.neg: \"-1\", expected an integer");
  ExpectInvalid(object.Index("big", 7).status(), "place.big: \"1000.0\", expected an integer");
  ExpectInvalid(object.Index("list", 7).status(), "place.list: ");
  EXPECT_THAT(object.String("absent"),
              StatusIs(absl::StatusCode::kNotFound, "place.absent: the key is missing"));
  ExpectInvalid(JsonObject::Open(document_["list"], "a.b").status(),
                "a.b: an array, expected an object");
  ExpectInvalid(JsonObject::Open(document_["n"], "").status(),
                "document: a number, expected an object");
  EXPECT_EQ(Open("").PathOf("key"), "key");
}

TEST_F(JsonObjectTest, NamesAKeyThatWasNotAskedFor) {
  JsonObject object = Open();
  for (const char* key : {"s", "b", "n", "big", "neg", "list", "null"}) object.Find(key);
  ExpectInvalid(object.CheckAllRead(),
                "place.e: unknown key, expected one of: b, big, list, n, neg, null, s");
  object.Find("e");
  LATHE_EXPECT_OK(object.CheckAllRead());
}

}  // namespace
}  // namespace lathe
