// Every construct against the text that jinja2 makes of it: test/data/chat/constructs.json, written
// by tools/dev/make_chat_vectors.py.
#include "frontend/chat/chat_template.h"
#include "gtest/gtest.h"
#include "test/support/data.h"
#include "test/support/status_matchers.h"

namespace lathe {
namespace {

using ::lathe::testing::IsOk;
using Json = nlohmann::ordered_json;

class ConstructsTest : public ::testing::Test {
 protected:
  void SetUp() override {
    rows_ = Json::parse(::lathe::testing::ReadFileOrDie(
                            ::lathe::testing::SourcePath("test/data/chat/constructs.json")),
                        nullptr, /*allow_exceptions=*/false);
    ASSERT_TRUE(rows_.is_array());
    ASSERT_GT(rows_.size(), 200u);
    Json variables = rows_[0]["variables"];
    input_.messages = variables["messages"];
    input_.tools = variables["tools"];
    input_.special_tokens = {{"bos_token", variables["bos_token"].get<std::string>()}};
    for (const char* own : {"messages", "tools", "bos_token"}) variables.erase(own);
    input_.variables = variables;
    input_.clock = [] {
      std::tm time{};
      time.tm_year = 126;
      time.tm_mon = 1;
      time.tm_mday = 3;
      time.tm_hour = 4;
      time.tm_min = 5;
      time.tm_sec = 6;
      time.tm_wday = 2;
      time.tm_yday = 33;
      return time;
    };
  }

  absl::StatusOr<std::string> Render(const std::string& source) const {
    auto chat_template = ChatTemplate::Parse(source, "t");
    if (!chat_template.ok()) return chat_template.status();
    return chat_template->Render(input_);
  }

  Json rows_;
  ChatInput input_;
};

TEST_F(ConstructsTest, GiveTheTextOfTheReference) {
  int compared = 0;
  for (const Json& row : rows_) {
    if (!row.contains("text")) continue;
    SCOPED_TRACE(row["template"].get<std::string>());
    auto text = Render(row["template"].get<std::string>());
    EXPECT_THAT(text, IsOk());
    if (text.ok()) EXPECT_EQ(*text, row["text"].get<std::string>());
    ++compared;
  }
  EXPECT_GT(compared, 150);
}

TEST_F(ConstructsTest, AreRefusedWhereTheReferenceRefuses) {
  int refused = 0;
  for (const Json& row : rows_) {
    if (!row.contains("refused")) continue;
    SCOPED_TRACE(row["template"].get<std::string>());
    auto text = Render(row["template"].get<std::string>());
    EXPECT_FALSE(text.ok());
    if (!text.ok()) EXPECT_EQ(text.status().message().substr(0, 4), "t:1:") << text.status();
    ++refused;
  }
  EXPECT_GT(refused, 50);
}

}  // namespace
}  // namespace lathe
