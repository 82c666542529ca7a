#include "frontend/reply/argument_value.h"

#include "gtest/gtest.h"

namespace lathe {
namespace {

struct Case {
  const char* text;
  const char* type;
  const char* json;
  bool has_type = true;
};

TEST(ArgumentValueTest, TypesDecide) {
  const Case cases[] = {
      // A string stays as it is.
      {"3", "string", R"("3")"},
      {"true", "string", R"("true")"},
      {"a\n\"b\"\\", "string", R"("a\n\"b\"\\")"},
      {"", "string", R"("")"},
      // JSON, with its spelling.
      {"3", "integer", "3"},
      {"1.50", "number", "1.50"},
      {"-1e-7", "number", "-1e-7"},
      {"123456789012345678901234567890", "integer", "123456789012345678901234567890"},
      {"true", "boolean", "true"},
      {"[1, \"a\"]", "array", R"([1,"a"])"},
      {"{\"k\":\n false}", "object", R"({"k":false})"},
      {"null", "null", "null"},
      // Python's spelling.
      {"True", "boolean", "true"},
      {"False", "boolean", "false"},
      {"None", "null", "null"},
      // Neither.
      {"three", "integer", R"("three")", false},
      {"[1, 2", "array", R"("[1, 2")", false},
      {"", "integer", R"("")", false},
      // No type.
      {"3", "", "3"},
      {"True", "", "true"},
      {"hello", "", R"("hello")"},
      {"\"quoted\"", "", R"("quoted")"},
      {"", "", R"("")"},
      {"1e999", "", R"("1e999")"},
      {"{\"a\": 1, \"a\": 2}", "", R"("{\"a\": 1, \"a\": 2}")"},
      // Bytes that are no UTF-8 have no place in JSON.
      {"a\xff", "", "\"a\xef\xbf\xbd\""},
      {"a\xc3", "string", "\"a\xef\xbf\xbd\""},
  };
  for (const Case& c : cases) {
    const ArgumentValue value = ReadArgument(c.text, c.type);
    EXPECT_EQ(value.json, c.json) << c.text << " as " << c.type;
    EXPECT_EQ(value.has_type, c.has_type) << c.text << " as " << c.type;
  }
}

TEST(ArgumentValueTest, DeepNestingIsAString) {
  const std::string deep(100'000, '[');
  EXPECT_EQ(ReadArgument(deep, "").json, '"' + deep + '"');
  const std::string closed = deep + std::string(100'000, ']');
  EXPECT_FALSE(ReadArgument(closed, "array").has_type);
}

}  // namespace
}  // namespace lathe
