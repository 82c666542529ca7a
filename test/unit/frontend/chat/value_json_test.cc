#include "frontend/chat/value_json.h"

#include "frontend/chat/limits.h"
#include "frontend/chat/value_text.h"
#include "gtest/gtest.h"
#include "test/support/status_matchers.h"

namespace lathe {
namespace {

using ::lathe::testing::StatusIs;
using ::testing::HasSubstr;
using Json = nlohmann::ordered_json;

Json Parse(const std::string& text) { return Json::parse(text, nullptr, false); }

std::string JsonOf(const absl::StatusOr<Value>& value) {
  Budget budget({});
  return value.ok() ? *ToJson(*value, {}, &budget) : std::string(value.status().message());
}

TEST(ValueJsonTest, KeepsOrderAndNumbers) {
  std::string text =
      R"({"b": [1, -2, 18446744073709551615, 1.5, 1e+16], "a": {"x": null, "y": true}})";
  EXPECT_EQ(JsonOf(ValueFromJson(Parse(text))), text);
}

TEST(ValueJsonTest, DepthIsBounded) {
  auto nested = [](int depth) {
    Json json = 1;
    for (int i = 0; i < depth; ++i) json = Json::array({json});
    return json;
  };
  LATHE_EXPECT_OK(ValueFromJson(nested(kMaxValueDepth - 1)));
  EXPECT_THAT(ValueFromJson(nested(kMaxValueDepth + 1)),
              StatusIs(absl::StatusCode::kInvalidArgument, "JSON nests deeper than 200 levels"));
}

TEST(ValueJsonTest, BinaryIsRefused) {
  EXPECT_THAT(ValueFromJson(Json::binary({1, 2})),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("of type binary")));
}

TEST(MessagesFromJsonTest, ArgumentsBecomeObjects) {
  auto arguments = [](const std::string& text) {
    Json message = {
        {"role", "assistant"},
        {"tool_calls", Json::array({{{"function", {{"name", "f"}, {"arguments", text}}}},
                                    {{"name", "g"}, {"arguments", text}}})}};
    return JsonOf(MessagesFromJson(Json::array({message})));
  };
  EXPECT_EQ(
      arguments(R"({"z": 1, "a": [2.0]})"),
      R"([{"role": "assistant", "tool_calls": [{"function": {"name": "f", "arguments": {"z": 1, "a": [2.0]}}}, )"
      R"({"name": "g", "arguments": {"z": 1, "a": [2.0]}}]}])");
  EXPECT_THAT(arguments(" "), HasSubstr(R"("arguments": {}})"));
}

TEST(MessagesFromJsonTest, WhatIsNoObjectStaysText) {
  for (const char* text : {"{\"a\": ", "[1]", "hello", "3"}) {
    Json message = {{"role", "assistant"}, {"tool_calls", Json::array({{{"arguments", text}}})}};
    LATHE_ASSERT_OK_AND_ASSIGN(Value messages, MessagesFromJson(Json::array({message})));
    const Value& calls = *messages.list().items[0].map().Find("tool_calls");
    EXPECT_EQ(calls.list().items[0].map().Find("arguments")->str(), text);
  }
}

TEST(MessagesFromJsonTest, ArgumentsElsewhereAreText) {
  Json message = {
      {"role", "user"}, {"content", "{}"}, {"arguments", "{}"}, {"tool_calls", nullptr}};
  EXPECT_EQ(JsonOf(MessagesFromJson(Json::array({message}))),
            R"([{"role": "user", "content": "{}", "arguments": "{}", "tool_calls": null}])");
}

TEST(MessagesFromJsonTest, ErrorsNameTheMessage) {
  EXPECT_EQ(JsonOf(MessagesFromJson(Json("x"))),
            "messages: is of type string, expected a list of objects");
  EXPECT_EQ(JsonOf(MessagesFromJson(Json::array({Json::object(), 3}))),
            "messages[1]: is of type number, expected an object with role and content");
}

}  // namespace
}  // namespace lathe
