#include "frontend/chat/chat_template.h"

#include <chrono>

#include "absl/strings/str_cat.h"
#include "frontend/chat/load_chat_template.h"
#include "gtest/gtest.h"
#include "test/support/data.h"
#include "test/support/status_matchers.h"

namespace lathe {
namespace {

using ::lathe::testing::IsOk;
using ::lathe::testing::ReadFileOrDie;
using ::lathe::testing::StatusIs;
using ::testing::HasSubstr;
using Json = nlohmann::ordered_json;

Json ParseJson(const std::string& text) { return Json::parse(text, nullptr, false); }

// A row of the golden files: what transformers' apply_chat_template was given.
ChatInput InputOf(const Json& row) {
  ChatInput input;
  input.messages = row["messages"];
  input.tools = row["tools"];
  input.variables = row["kwargs"];
  if (input.variables.contains("add_generation_prompt")) {
    input.add_generation_prompt = input.variables["add_generation_prompt"].get<bool>();
    input.variables.erase("add_generation_prompt");
  }
  return input;
}

// "TemplateError: Unexpected ..." -> "Unexpected ...".
std::string RaisedText(const Json& row) {
  std::string error = row["error"].get<std::string>();
  return error.substr(error.find(": ") + 2);
}

void ExpectGolden(const ChatTemplate& chat_template, const ChatInput& input, const Json& row) {
  auto text = chat_template.Render(input);
  if (row.contains("error")) {
    EXPECT_THAT(text, StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr(RaisedText(row))));
    return;
  }
  ASSERT_THAT(text, IsOk());
  EXPECT_EQ(*text, row["text"].get<std::string>());
}

class RealTemplates : public ::testing::TestWithParam<const char*> {};

TEST_P(RealTemplates, RenderAsTransformersDoes) {
  LATHE_SHARED_DATA_OR_SKIP(vectors, absl::StrCat("real/vectors/chat_", GetParam(), ".json"));
  Json rows = ParseJson(ReadFileOrDie(vectors));
  ASSERT_TRUE(rows.is_array());
  ASSERT_FALSE(rows.empty());
  for (const Json& row : rows) {
    SCOPED_TRACE(row["name"].get<std::string>());
    std::string file = row["template"].get<std::string>();
    LATHE_SHARED_DATA_OR_SKIP(path, absl::StrCat("real/chat_templates/", file));
    LATHE_ASSERT_OK_AND_ASSIGN(ChatTemplate chat_template,
                               ChatTemplate::Parse(ReadFileOrDie(path), file));
    ChatInput input = InputOf(row);
    if (file == "step3p5.jinja") {
      input.special_tokens = {{"bos_token", "<\uff5cbegin\u2581of\u2581sentence\uff5c>"}};
    }
    ExpectGolden(chat_template, input, row);
    // The protocol of OpenAI sends arguments as JSON text: the prompt is the same.
    for (Json& message : input.messages) {
      if (!message.contains("tool_calls")) continue;
      for (Json& call : message["tool_calls"]) {
        call["function"]["arguments"] = call["function"]["arguments"].dump();
      }
    }
    ExpectGolden(chat_template, input, row);
  }
}

INSTANTIATE_TEST_SUITE_P(Families, RealTemplates,
                         ::testing::Values("qwen2_5_vl", "qwen3", "qwen3_5", "qwen3_coder",
                                           "qwen3_vl", "step3p5"));

class TinyModels : public ::testing::TestWithParam<const char*> {};

TEST_P(TinyModels, RenderAsTransformersDoes) {
  LATHE_SHARED_DATA_OR_SKIP(dir, absl::StrCat("tiny/", GetParam()));
  LATHE_SHARED_DATA_OR_SKIP(golden, absl::StrCat("tiny/", GetParam(), "/golden/chat.json"));
  Json rows = ParseJson(ReadFileOrDie(golden));
  ASSERT_TRUE(rows.is_array());
  ASSERT_FALSE(rows.empty());
  LATHE_ASSERT_OK_AND_ASSIGN(auto source, LoadChatTemplate(dir, /*has_tools=*/false));
  ASSERT_TRUE(source.has_value());
  LATHE_ASSERT_OK_AND_ASSIGN(ChatTemplate chat_template,
                             ChatTemplate::Parse(*source, "chat_template.jinja"));
  LATHE_ASSERT_OK_AND_ASSIGN(SpecialTokens special_tokens, LoadSpecialTokens(dir));
  for (const Json& row : rows) {
    if (!row.contains("messages")) continue;  // a row for the tokenizer alone
    SCOPED_TRACE(row["name"].get<std::string>());
    ChatInput input = InputOf(row);
    input.special_tokens = special_tokens;
    ExpectGolden(chat_template, input, row);
  }
}

INSTANTIATE_TEST_SUITE_P(Families, TinyModels,
                         ::testing::Values("qwen2_5_vl", "qwen3_5_dense_text", "qwen3_5_moe",
                                           "qwen3_5_vl", "qwen3_dense_tied", "qwen3_dense_untied",
                                           "qwen3_dense_yarn", "qwen3_moe", "qwen3_vl_dense",
                                           "qwen3_vl_moe", "step3p5"));

// A small template in the manner of ChatML with the parts that real ones have.
constexpr char kChatMl[] =
    "{%- for m in messages %}\n"
    "    {{- '<|im_start|>' + m.role + '\\n' + m.content|trim + '<|im_end|>\\n' }}\n"
    "{%- endfor %}\n"
    "{%- if add_generation_prompt %}\n"
    "    {{- '<|im_start|>assistant\\n' }}\n"
    "    {%- if enable_thinking is defined and enable_thinking is false %}\n"
    "        {{- '<think>\\n\\n</think>\\n\\n' }}\n"
    "    {%- endif %}\n"
    "{%- endif %}\n";

Json UserMessage(const std::string& text) { return {{"role", "user"}, {"content", text}}; }

TEST(ChatTemplateTest, RendersChatMl) {
  LATHE_ASSERT_OK_AND_ASSIGN(ChatTemplate t, ChatTemplate::Parse(kChatMl, "t.jinja"));
  ChatInput input;
  input.messages = Json::array({UserMessage(" hi\n")});
  LATHE_ASSERT_OK_AND_ASSIGN(std::string text, t.Render(input));
  EXPECT_EQ(text, "<|im_start|>user\nhi<|im_end|>\n<|im_start|>assistant\n");
  input.variables = {{"enable_thinking", false}};
  LATHE_ASSERT_OK_AND_ASSIGN(text, t.Render(input));
  EXPECT_EQ(text, "<|im_start|>user\nhi<|im_end|>\n<|im_start|>assistant\n<think>\n\n</think>\n\n");
  input.add_generation_prompt = false;
  LATHE_ASSERT_OK_AND_ASSIGN(text, t.Render(input));
  EXPECT_EQ(text, "<|im_start|>user\nhi<|im_end|>\n");
}

TEST(ChatTemplateTest, RaisedTextsComeWithTheirLine) {
  constexpr char kSource[] =
      "a\n{% if not tools %}\n  {{ raise_exception('Tools, please: ' ~ 1) }}\n{% endif %}";
  LATHE_ASSERT_OK_AND_ASSIGN(ChatTemplate t, ChatTemplate::Parse(kSource, "chat_template.jinja"));
  EXPECT_THAT(t.Render({}), StatusIs(absl::StatusCode::kInvalidArgument,
                                     "chat_template.jinja:3: Tools, please: 1"));
}

TEST(ChatTemplateTest, RefusesWhatIsNoConversation) {
  LATHE_ASSERT_OK_AND_ASSIGN(ChatTemplate t, ChatTemplate::Parse("x", "t"));
  ChatInput input;
  input.messages = Json::object();
  EXPECT_THAT(t.Render(input), StatusIs(absl::StatusCode::kInvalidArgument,
                                        "messages: is of type object, expected a list of objects"));
  input.messages = Json::array({UserMessage("a"), "b"});
  EXPECT_THAT(t.Render(input), StatusIs(absl::StatusCode::kInvalidArgument,
                                        HasSubstr("messages[1]: is of type string")));
  input.messages = Json::array();
  input.tools = "x";
  EXPECT_THAT(t.Render(input), StatusIs(absl::StatusCode::kInvalidArgument,
                                        "tools: is of type string, expected a list or null"));
  input.tools = nullptr;
  input.variables = Json::array();
  EXPECT_THAT(t.Render(input),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       "chat_template_kwargs: is of type array, expected an object"));
  input.variables = {{"messages", 1}};
  EXPECT_THAT(t.Render(input),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       "chat_template_kwargs: 'messages' is set by the request itself"));
}

TEST(ChatTemplateTest, TimeComesFromTheCaller) {
  LATHE_ASSERT_OK_AND_ASSIGN(ChatTemplate t,
                             ChatTemplate::Parse("{{ strftime_now('%d %B %Y') }}", "t"));
  EXPECT_THAT(t.Render({}),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       HasSubstr("t:1: strftime_now: this template prints the time")));
  ChatInput input;
  input.clock = [] {
    std::tm time{};
    time.tm_mday = 3;
    time.tm_mon = 1;
    time.tm_year = 126;
    return time;
  };
  LATHE_ASSERT_OK_AND_ASSIGN(std::string text, t.Render(input));
  EXPECT_EQ(text, "03 February 2026");
}

TEST(ChatTemplateTest, EveryLimitIsNamed) {
  auto render = [](const char* source, const ChatLimits& limits) -> absl::Status {
    auto t = ChatTemplate::Parse(source, "t");
    if (!t.ok()) return t.status();
    ChatInput input;
    input.limits = limits;
    return t->Render(input).status();
  };
  constexpr auto kExhausted = absl::StatusCode::kResourceExhausted;
  EXPECT_THAT(
      render("{% for i in range(100) %}{% for j in range(100) %}{% endfor %}{% endfor %}",
             {.max_steps = 500}),
      StatusIs(kExhausted, "t:1: the template takes too many steps (limit max_steps = 500)"));
  EXPECT_THAT(render("{% for i in range(100) %}0123456789{% endfor %}", {.max_output_bytes = 500}),
              StatusIs(kExhausted, HasSubstr("(limit max_output_bytes = 500)")));
  EXPECT_THAT(render("{% set ns = namespace(s='x') %}{% for i in range(64) %}"
                     "{% set ns.s = ns.s ~ ns.s %}{% endfor %}",
                     {.max_built_bytes = 100'000}),
              StatusIs(kExhausted, HasSubstr("(limit max_built_bytes = 100000)")));
  EXPECT_THAT(render("{% macro m() %}{{ m() }}{% endmacro %}\n{{ m() }}", {}),
              StatusIs(kExhausted, HasSubstr("(limit max_depth = 400)")));
  EXPECT_THAT(
      render("{% set ns = namespace(l=[]) %}{% for i in range(300) %}{% set ns.l = [ns.l] %}"
             "{% endfor %}",
             {}),
      StatusIs(kExhausted, HasSubstr("a value nests deeper than 200 levels")));
  EXPECT_THAT(render("{{ range(1000000) }}", {}),
              StatusIs(kExhausted, HasSubstr("range: has more than 100000 elements")));
  EXPECT_THAT(render("{{ 'ab' * 9000000000000 }}", {}),
              StatusIs(kExhausted, HasSubstr("max_built_bytes")));
}

TEST(ChatTemplateTest, LongHistoriesRenderFast) {
  LATHE_ASSERT_OK_AND_ASSIGN(ChatTemplate t, ChatTemplate::Parse(kChatMl, "t"));
  ChatInput input;
  for (int i = 0; i < 100; ++i) input.messages.push_back(UserMessage(std::string(500, 'a')));
  auto begin = std::chrono::steady_clock::now();
  LATHE_ASSERT_OK_AND_ASSIGN(std::string text, t.Render(input));
  auto taken = std::chrono::steady_clock::now() - begin;
  EXPECT_GT(text.size(), 50'000u);
  // Takes below 1 ms; the bound leaves room for a busy machine and for sanitizers.
  EXPECT_LT(std::chrono::duration_cast<std::chrono::milliseconds>(taken).count(), 100);
}

// Time grows with the history, not with its square.
TEST(ChatTemplateTest, RealTemplatesRenderLongHistoriesFast) {
  for (const char* file : {"qwen3.jinja", "qwen3_5.jinja", "step3p5.jinja"}) {
    LATHE_SHARED_DATA_OR_SKIP(path, absl::StrCat("real/chat_templates/", file));
    LATHE_ASSERT_OK_AND_ASSIGN(ChatTemplate t, ChatTemplate::Parse(ReadFileOrDie(path), file));
    for (int count : {100, 3000}) {
      ChatInput input;
      for (int i = 0; i < count; ++i) {
        input.messages.push_back(
            {{"role", i % 2 == 0 ? "user" : "assistant"}, {"content", std::string(500, 'a')}});
      }
      auto begin = std::chrono::steady_clock::now();
      LATHE_ASSERT_OK_AND_ASSIGN(std::string text, t.Render(input));
      std::chrono::duration<double, std::milli> taken = std::chrono::steady_clock::now() - begin;
      RecordProperty(absl::StrCat(file, "_", count, "_ms"), absl::StrCat(taken.count()));
      // Measured at 0.4 ms for 100 messages; the bound leaves room for a busy machine and for
      // sanitizers.
      EXPECT_LT(taken.count(), count) << file;
    }
  }
}

}  // namespace
}  // namespace lathe
