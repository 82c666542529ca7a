#include "frontend/json/json_text.h"

#include "test/support/status_matchers.h"

namespace lathe {
namespace {

TEST(JsonTextTest, OneLineWithOrderAndSpellingKept) {
  LATHE_ASSERT_OK_AND_ASSIGN(
      JsonValue value,
      ParseJson("{\"b\": [1, 2.50, -1e-7, {}], \"a\": {\"x\": null, \"y\": [true, false]},\n"
                " \"s\": \"\\u00e9\\n\\\"\"}",
                "f"));
  const std::string text = JsonText(value);
  EXPECT_EQ(text,
            "{\"b\":[1,2.50,-1e-7,{}],\"a\":{\"x\":null,\"y\":[true,false]},"
            "\"s\":\"\xc3\xa9\\n\\\"\"}");
  LATHE_ASSERT_OK_AND_ASSIGN(JsonValue again, ParseJson(text, "f"));
  EXPECT_EQ(JsonText(again), text);
}

TEST(JsonTextTest, ScalarsAndStrings) {
  EXPECT_EQ(JsonText({}), "null");
  EXPECT_EQ(JsonString("a\tb\x01"), "\"a\\tb\\u0001\"");
  EXPECT_EQ(JsonString(""), "\"\"");
  EXPECT_EQ(JsonString("a\xff"), "\"a\xef\xbf\xbd\"");
}

}  // namespace
}  // namespace lathe
