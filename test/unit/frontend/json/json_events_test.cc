#include "frontend/json/json_events.h"

#include "test/support/status_matchers.h"

namespace lathe {
namespace {

using ::lathe::testing::StatusIs;
using ::testing::AllOf;
using ::testing::HasSubstr;

constexpr auto kInvalid = absl::StatusCode::kInvalidArgument;

// Allows one string, at the top.
class OneString : public JsonEvents {
 public:
  bool string(std::string& value) {
    value_ = value;
    return true;
  }
  const std::string& value() const { return value_; }

 private:
  std::string value_;
};

TEST(JsonEventsTest, WhatIsAllowedPasses) {
  OneString events;
  LATHE_ASSERT_OK(ParseJsonEvents("\"x\"", "f", events));
  EXPECT_EQ(events.value(), "x");
}

TEST(JsonEventsTest, AllElseIsRefused) {
  const std::pair<const char*, const char*> cases[] = {
      {"null", "f: found null"},          {"true", "f: found true or false"},
      {"-1", "f: found the number -1"},   {"1", "f: found the number 1"},
      {"1.5", "f: found the number 1.5"}, {"[]", "f: found a list"},
      {"{}", "f: found an object"}};
  for (const auto& [text, message] : cases) {
    OneString events;
    EXPECT_THAT(ParseJsonEvents(text, "f", events), StatusIs(kInvalid, HasSubstr(message)));
  }
}

TEST(JsonEventsTest, SyntaxErrorsHaveFileLineAndColumn) {
  OneString events;
  EXPECT_THAT(ParseJsonEvents("\n \"x", "f", events),
              StatusIs(kInvalid, AllOf(HasSubstr("f: line 2, column 4: not JSON: "),
                                       HasSubstr("missing closing quote"))));
  OneString more;
  EXPECT_THAT(ParseJsonEvents("\"x\" \"y\"", "f", more),
              StatusIs(kInvalid, HasSubstr("line 1, column ")));
}

}  // namespace
}  // namespace lathe
