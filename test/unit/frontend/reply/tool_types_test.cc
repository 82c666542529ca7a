#include "frontend/reply/tool_types.h"

#include "test/support/status_matchers.h"

namespace lathe {
namespace {

using ::lathe::testing::StatusIs;
using ::testing::HasSubstr;

absl::StatusOr<ToolTypes> Read(absl::string_view json) {
  LATHE_ASSIGN_OR_RETURN(JsonValue tools, ParseJson(json, "test"));
  return ToolTypes::FromJson(tools, "tools");
}

TEST(ToolTypesTest, BothFormsOfAToolGiveTypes) {
  LATHE_ASSERT_OK_AND_ASSIGN(ToolTypes types, Read(R"([
      {"type": "function", "function": {"name": "f", "parameters": {"type": "object", "properties":
        {"s": {"type": "string"}, "u": {"type": ["string", "null"]}, "a": {"anyOf": []}}}}},
      {"name": "g", "parameters": {"properties": {"n": {"type": "integer"}}}},
      {"name": "h"}])"));
  EXPECT_EQ(types.TypeOf("f", "s"), "string");
  EXPECT_EQ(types.TypeOf("f", "u"), "") << "a union";
  EXPECT_EQ(types.TypeOf("f", "a"), "");
  EXPECT_EQ(types.TypeOf("f", "n"), "");
  EXPECT_EQ(types.TypeOf("g", "n"), "integer");
  EXPECT_EQ(types.TypeOf("h", "n"), "");
  EXPECT_EQ(types.TypeOf("i", "n"), "");
}

TEST(ToolTypesTest, NoToolsAreNoTypes) {
  LATHE_ASSERT_OK_AND_ASSIGN(ToolTypes types, Read("null"));
  EXPECT_EQ(types.TypeOf("f", "s"), "");
}

TEST(ToolTypesTest, WhatIsNoToolIsNamed) {
  auto refused = [](absl::string_view json, const char* message) {
    EXPECT_THAT(Read(json), StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr(message)));
  };
  refused("{}", "tools: found an object with 0 keys, expected a list of tools");
  refused("[3]", "tools[0]: found the number 3, expected an object with a name");
  refused(R"([{"name": "f"}, {"function": {}}])",
          "tools[1].function.name: found nothing, expected a string");
  refused(R"([{"name": "f", "parameters": {"properties": []}}])",
          "tools[0].parameters.properties: found a list of 0, expected an object");
}

}  // namespace
}  // namespace lathe
