#include "frontend/json/json_value.h"

#include <random>

#include "test/support/status_matchers.h"

namespace lathe {
namespace {

using ::lathe::testing::StatusIs;
using ::testing::AllOf;
using ::testing::HasSubstr;

constexpr auto kInvalid = absl::StatusCode::kInvalidArgument;

TEST(JsonValueTest, KeepsOrderSpellingAndKinds) {
  LATHE_ASSERT_OK_AND_ASSIGN(
      JsonValue root,
      ParseJson(
          R"({"b": 1e6, "a": [null, true, "x\u00e9"], "c": {"d": -3}, "e": 18446744073709551615})",
          "f"));
  ASSERT_TRUE(root.is_object());
  ASSERT_EQ(root.members.size(), 4u);
  EXPECT_EQ(root.members[0].name, "b");
  EXPECT_EQ(root.Find("b")->text, "1e6");
  EXPECT_EQ(root.Find("b")->number, 1e6);
  EXPECT_EQ(root.Find("a")->items[2].text, "x\xc3\xa9");
  EXPECT_TRUE(root.Find("a")->items[0].is_null());
  EXPECT_EQ(root.Find("c")->Find("d")->integer, -3);
  EXPECT_EQ(root.Find("e")->kind, JsonValue::Kind::kFloat);  // does not fit 64 signed bits
  EXPECT_EQ(root.Find("none"), nullptr);
}

TEST(JsonValueTest, DescribesValuesForMessages) {
  LATHE_ASSERT_OK_AND_ASSIGN(JsonValue root,
                             ParseJson(R"([null, false, 1.50, "a", [1], {"a": 1}])", "f"));
  const char* expected[] = {"null",
                            "false",
                            "the number 1.50",
                            "the string \"a\"",
                            "a list of 1",
                            "an object with 1 keys"};
  for (size_t i = 0; i < root.items.size(); ++i) EXPECT_EQ(Describe(root.items[i]), expected[i]);
}

TEST(JsonValueTest, SyntaxErrorsHaveFileLineAndColumn) {
  EXPECT_THAT(ParseJson("{\n  \"a\": 1,\n  \"b\" 2\n}", "config.json"),
              StatusIs(kInvalid, AllOf(HasSubstr("config.json: line 3, column 7: not JSON: "),
                                       HasSubstr("expected ':'"))));
  EXPECT_THAT(ParseJson("", "f"), StatusIs(kInvalid, HasSubstr("line 1, column 1")));
  EXPECT_THAT(ParseJson("{\"a\": NaN}", "f"), StatusIs(kInvalid, HasSubstr("line 1, column 7")));
  EXPECT_THAT(ParseJson("{\"a\": \"\xff\"}", "f"), StatusIs(kInvalid, HasSubstr("UTF-8")));
  EXPECT_THAT(ParseJson("{} x", "f"), StatusIs(kInvalid, HasSubstr("line 1, column 4")));
  EXPECT_THAT(ParseJson("1e999", "f"),
              StatusIs(kInvalid, HasSubstr("not JSON: number overflow parsing '1e999'")));
}

TEST(JsonValueTest, RefusesDuplicateKeysWhereTheyStand) {
  EXPECT_THAT(ParseJson("{\"a\": 1,\n \"a\": 2}", "f"),
              StatusIs(kInvalid, HasSubstr("f: line 2, column 4: the key \"a\" occurs twice")));
  EXPECT_THAT(ParseJson(R"({"a": {"b": 1}, "c": {"b": 1}})", "f"), testing::IsOk());
}

TEST(JsonValueTest, BoundsDepthCountAndSize) {
  const std::string deep(100000, '[');
  EXPECT_THAT(ParseJson(deep, "f"), StatusIs(kInvalid, HasSubstr("nested more than 32 levels")));
  EXPECT_THAT(ParseJson(std::string(32, '[') + std::string(32, ']'), "f"), testing::IsOk());
  std::string wide = "[0";
  for (size_t i = 0; i < kMaxJsonValues; ++i) wide += ",0";
  EXPECT_THAT(ParseJson(wide + "]", "f"),
              StatusIs(kInvalid, HasSubstr("more than 1048576 values")));
  EXPECT_THAT(ParseJson(std::string(kMaxJsonBytes + 1, ' '), "f"),
              StatusIs(kInvalid, HasSubstr("at most 16.0 MiB")));
}

TEST(JsonValueTest, DamagedTextNeverCrashes) {
  const std::string good = R"({"a": [1, 2.5e3, {"b": "c\u1234d"}], "e": null, "f": true})";
  std::mt19937 random(7);
  int errors = 0;
  for (int round = 0; round < 3000; ++round) {
    std::string text = good;
    for (int change = 0; change < 3; ++change) {
      text[random() % text.size()] = static_cast<char>(random());
    }
    if (round % 3 == 0) text.resize(random() % text.size());
    if (!ParseJson(text, "f").ok()) ++errors;
  }
  EXPECT_GT(errors, 1000);
}

}  // namespace
}  // namespace lathe
