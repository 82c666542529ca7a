#include "frontend/json/json_tree.h"

#include "absl/strings/str_cat.h"
#include "test/support/status_matchers.h"

namespace lathe {
namespace {

TEST(JsonTreeTest, EveryKindKeepsItsValueAndMembersTheirOrder) {
  const std::string text =
      R"({"z":[1,-2,2.5,"é",true,null,[]],"a":{"y":{},"x":9223372036854775807}})";
  LATHE_ASSERT_OK_AND_ASSIGN(JsonValue value, ParseJson(text, "t"));
  EXPECT_EQ(JsonTree(value).dump(), text);
  EXPECT_TRUE(JsonTree(value)["z"][0].is_number_integer());
  EXPECT_TRUE(JsonTree(value)["z"][2].is_number_float());
}

// Quadratic time would be minutes here.
TEST(JsonTreeTest, AnObjectOfManyMembersTakesNoLongerThanAList) {
  std::string text = "{\"k\":0";
  for (int i = 0; i < 200'000; ++i) absl::StrAppend(&text, ",\"k", i, "\":0");
  LATHE_ASSERT_OK_AND_ASSIGN(JsonValue value, ParseJson(text + "}", "t"));
  EXPECT_EQ(JsonTree(value).size(), 200'001u);
}

}  // namespace
}  // namespace lathe
