#include "frontend/chat/load_chat_template.h"

#include "gtest/gtest.h"
#include "test/support/data.h"
#include "test/support/status_matchers.h"

namespace lathe {
namespace {

using ::lathe::testing::StatusIs;
using ::lathe::testing::TempDir;
using ::lathe::testing::WriteFileOrDie;
using ::testing::ElementsAre;
using ::testing::EndsWith;
using ::testing::IsEmpty;
using ::testing::Pair;
constexpr auto kInvalid = absl::StatusCode::kInvalidArgument;

std::string DirWith(std::initializer_list<std::pair<const char*, const char*>> files) {
  std::string dir = TempDir();
  for (const auto& [name, text] : files) WriteFileOrDie(dir + "/" + name, text);
  return dir;
}

TEST(LoadChatTemplateTest, SourcesInOrder) {
  constexpr char kConfig[] = R"({"chat_template": "config"})";
  constexpr char kProcessor[] = R"({"chat_template": "processor"})";
  EXPECT_EQ(**LoadChatTemplate(DirWith({{"chat_template.jinja", "file"},
                                        {"tokenizer_config.json", kConfig},
                                        {"chat_template.json", kProcessor}}),
                               false),
            "file");
  EXPECT_EQ(
      **LoadChatTemplate(
          DirWith({{"tokenizer_config.json", kConfig}, {"chat_template.json", kProcessor}}), false),
      "config");
  EXPECT_EQ(**LoadChatTemplate(DirWith({{"tokenizer_config.json", R"({"chat_template": null})"},
                                        {"chat_template.json", kProcessor}}),
                               false),
            "processor");
  EXPECT_FALSE(LoadChatTemplate(DirWith({{"tokenizer_config.json", "{}"}}), false)->has_value());
  EXPECT_FALSE(LoadChatTemplate(TempDir(), false)->has_value());
}

TEST(LoadChatTemplateTest, NamedTemplates) {
  std::string dir = DirWith(
      {{"tokenizer_config.json", R"({"chat_template": [{"name": "tool_use", "template": "t"},
                              {"name": "default", "template": "d"}, {"name": "rag", "template": "r"}]})"}});
  EXPECT_EQ(**LoadChatTemplate(dir, false), "d");
  EXPECT_EQ(**LoadChatTemplate(dir, true), "t");
  dir = DirWith(
      {{"tokenizer_config.json", R"({"chat_template": [{"name": "default", "template": "d"}]})"}});
  EXPECT_EQ(**LoadChatTemplate(dir, true), "d");
  dir = DirWith(
      {{"tokenizer_config.json", R"({"chat_template": [{"name": "rag", "template": "r"}]})"}});
  EXPECT_THAT(
      LoadChatTemplate(dir, false),
      StatusIs(
          kInvalid,
          EndsWith("tokenizer_config.json: chat_template: has no template 'default', found: rag")));
}

TEST(LoadChatTemplateTest, BrokenFiles) {
  auto load = [](const char* text) {
    return LoadChatTemplate(DirWith({{"tokenizer_config.json", text}}), false);
  };
  EXPECT_THAT(load("{"), StatusIs(kInvalid, EndsWith("tokenizer_config.json: is not valid JSON")));
  EXPECT_THAT(load("[]"), StatusIs(kInvalid, EndsWith("is a JSON array, expected an object")));
  EXPECT_THAT(
      load(R"({"chat_template": 3})"),
      StatusIs(
          kInvalid,
          EndsWith(
              "chat_template: is of type number, expected a string or a list of named templates")));
  EXPECT_THAT(
      load(R"({"chat_template": [{"name": "default"}]})"),
      StatusIs(
          kInvalid,
          EndsWith("chat_template[0]: expected an object with the strings 'name' and 'template'")));
}

TEST(LoadSpecialTokensTest, StringsAndObjects) {
  std::string dir = DirWith({{"tokenizer_config.json", R"({"bos_token": null, "eos_token": "</s>",
                              "pad_token": {"content": "<pad>", "special": true}, "other": 1})"}});
  LATHE_ASSERT_OK_AND_ASSIGN(SpecialTokens tokens, LoadSpecialTokens(dir));
  EXPECT_THAT(tokens, ElementsAre(Pair("eos_token", "</s>"), Pair("pad_token", "<pad>")));
  LATHE_ASSERT_OK_AND_ASSIGN(tokens, LoadSpecialTokens(TempDir()));
  EXPECT_THAT(tokens, IsEmpty());
}

TEST(LoadSpecialTokensTest, BrokenTokens) {
  for (const char* text :
       {R"({"bos_token": 3})", R"({"bos_token": {}})", R"({"bos_token": {"content": 1}})"}) {
    EXPECT_THAT(
        LoadSpecialTokens(DirWith({{"tokenizer_config.json", text}})),
        StatusIs(kInvalid,
                 EndsWith("bos_token: expected a string or an object with the string 'content'")));
  }
}

}  // namespace
}  // namespace lathe
