#include "tools/lathe_run/request_line.h"

#include "absl/strings/str_cat.h"
#include "test/support/status_matchers.h"

namespace lathe {
namespace {

using ::lathe::testing::StatusIs;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

RequestFields Fields(absl::string_view line) {
  ParsedRequest parsed = ParseRequestLine(line);
  LATHE_EXPECT_OK(parsed.fields.status());
  return parsed.fields.ok() ? *std::move(parsed.fields) : RequestFields();
}

TEST(RequestLineTest, EveryFieldArrives) {
  const RequestFields fields = Fields(R"({
    "prompt": "Hi", "system": "brief", "think": false, "raw": false,
    "tools": [{"type": "function", "function": {"name": "f", "parameters":
        {"type": "object", "properties": {"x": {"type": "integer"}}}}}],
    "chat_template_kwargs": {"style": "plain"}, "n": 3, "max_tokens": 9, "reasoning": "hide",
    "temperature": 0.5, "top_k": 7, "top_p": 1, "min_p": 0.25, "repetition_penalty": 1.5,
    "presence_penalty": -2, "frequency_penalty": 2, "seed": 9223372036854775807, "min_tokens": 2,
    "logprobs": 20, "ignore_eos": true, "logit_bias": {"13": -2.5, "7": 100}, "stop": ["a", "b"],
    "stop_token_ids": [1, 2], "allowed_token_ids": [3], "forbidden_token_ids": [4]})");
  EXPECT_EQ(fields.prompt, "Hi");
  EXPECT_EQ(fields.system, "brief");
  EXPECT_EQ(fields.think, false);
  EXPECT_EQ(fields.raw, false);
  ASSERT_TRUE(fields.tools.has_value());
  EXPECT_EQ(fields.tools->list[0]["function"]["name"], "f");
  EXPECT_EQ(fields.tools->types.TypeOf("f", "x"), "integer");
  EXPECT_EQ(fields.template_variables["style"], "plain");
  EXPECT_EQ(fields.n, 3);
  EXPECT_EQ(fields.max_new_tokens, 9);
  EXPECT_EQ(fields.reasoning, Reasoning::kHide);
  EXPECT_EQ(fields.sampling, (SamplingValues{.temperature = 0.5,
                                             .top_k = 7,
                                             .top_p = 1,
                                             .min_p = 0.25,
                                             .repetition_penalty = 1.5,
                                             .presence_penalty = -2,
                                             .frequency_penalty = 2,
                                             .seed = std::numeric_limits<int64_t>::max(),
                                             .min_tokens = 2,
                                             .logprobs = 20,
                                             .ignore_eos = true,
                                             .logit_bias = {{13, -2.5f}, {7, 100}},
                                             .stop = {"a", "b"},
                                             .stop_ids = {1, 2},
                                             .allowed_ids = {3},
                                             .forbidden_ids = {4}}));
}

TEST(RequestLineTest, TheQuestionHasThreeForms) {
  EXPECT_EQ(Fields(R"({"prompt": ""})").prompt, "");
  EXPECT_THAT(Fields(R"({"token_ids": [5, 0, 2147483647]})").token_ids,
              ElementsAre(5, 0, 2147483647));
  const RequestFields fields = Fields(
      R"({"messages": [{"role": "user", "content": [{"text": "a"}]}, {"role": "x", "y": 1.5}]})");
  EXPECT_EQ(fields.messages->dump(),
            R"([{"role":"user","content":[{"text":"a"}]},{"role":"x","y":1.5}])");
}

TEST(RequestLineTest, NullIsAsIfItWereNotThere) {
  EXPECT_EQ(Fields(R"({"prompt": "a", "seed": null, "stop": null, "messages": null})").sampling,
            SamplingValues());
  EXPECT_THAT(Fields(R"({"prompt": "a", "stop": "b"})").sampling.stop, ElementsAre("b"));
}

TEST(RequestLineTest, TheIdIsEchoedAsItIsSpelt) {
  EXPECT_EQ(ParseRequestLine(R"({"id": 7, "prompt": "a"})").id, "7");
  EXPECT_EQ(ParseRequestLine(R"({"id": 1.50, "prompt": "a"})").id, "1.50");
  EXPECT_EQ(ParseRequestLine(R"({"id": "q\"\u00e9", "prompt": "a"})").id, "\"q\\\"é\"");
  EXPECT_EQ(ParseRequestLine(R"({"prompt": "a"})").id, "");
  const ParsedRequest bad = ParseRequestLine(R"({"prompt": 5, "id": "x"})");
  EXPECT_EQ(bad.id, "\"x\"") << "also where it stands behind what is wrong";
  EXPECT_EQ(bad.field, "prompt");
}

TEST(RequestLineTest, WhatIsWrongIsNamedWithWhatWasExpected) {
  auto refused = [](absl::string_view line, absl::string_view field, const std::string& message) {
    SCOPED_TRACE(line);
    const ParsedRequest parsed = ParseRequestLine(line);
    EXPECT_THAT(parsed.fields.status(),
                StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr(message)));
    EXPECT_EQ(parsed.field, field);
  };
  refused("", "", "the line: line 1, column 1");
  refused("{\"prompt\": \"a\"", "", "the line: line 1, column 15");
  refused("[1]", "", "the line is a list of 1, expected an object");
  refused(R"({"prompt": "a", "prompt": "b"})", "", "the key \"prompt\" occurs twice");
  refused("{\"prompt\": \"\xff\"}", "", "the line: line 1");
  refused("{}", "", "none of prompt, messages and token_ids, expected exactly one");
  refused(R"({"prompt": "a", "token_ids": [1]})", "", "more than one of prompt");
  refused(R"({"id": [], "prompt": "a"})", "id", "id is a list of 0, expected a string or a number");
  refused(R"({"promt": "a"})", "promt", "unknown field \"promt\", did you mean prompt?");
  refused(R"({"model": "gpt"})", "model", "unknown field \"model\"; known fields are id, prompt");
  refused(R"({"prompt": ["a"]})", "prompt", "prompt is a list of 1, expected a string");
  refused(R"({"token_ids": []})", "token_ids", "token_ids is a list of 0, expected a list of");
  refused(R"({"token_ids": [1, -1]})", "token_ids",
          "token_ids[1] is the number -1, expected a whole number from 0 to 2147483647");
  refused(R"({"messages": []})", "messages", "expected a list of messages");
  refused(R"({"messages": ["a"]})", "messages", "messages[0] is the string \"a\"");
  refused(R"({"messages": [{"content": "a"}]})", "messages", "messages[0] has no role");
  refused(R"({"messages": [{"role": 1}]})", "messages", "messages[0].role is the number 1");
  refused(R"({"prompt": "a", "temperature": -0.5})", "temperature",
          "temperature is the number -0.5, expected a number from 0 to 100");
  refused(R"({"prompt": "a", "temperature": "hot"})", "temperature", "the string \"hot\"");
  refused(R"({"prompt": "a", "top_k": 1.0})", "top_k", "expected a whole number from 0 to");
  refused(R"({"prompt": "a", "seed": -1})", "seed", "expected a whole number of at least 0");
  refused(R"({"prompt": "a", "n": 0})", "n", "expected a whole number from 1 to 1024");
  refused(R"({"prompt": "a", "max_tokens": 0})", "max_tokens", "from 1 to 1073741824");
  refused(R"({"prompt": "a", "ignore_eos": 1})", "ignore_eos", "expected true or false");
  refused(R"({"prompt": "a", "stop": ["x", ""]})", "stop", "stop[1] is the string \"\"");
  refused(R"({"prompt": "a", "logit_bias": [1]})", "logit_bias", "as in {\"13\": -2.5}");
  refused(R"({"prompt": "a", "logit_bias": {"x": 1}})", "logit_bias", "has the key \"x\"");
  refused(R"({"prompt": "a", "logit_bias": {"3": 101}})", "logit_bias",
          "logit_bias[\"3\"] is the number 101, expected a number from -100 to 100");
  refused(R"({"prompt": "a", "reasoning": "loud"})", "reasoning", "\"show\", \"hide\" or \"json\"");
  refused(R"({"prompt": "a", "tools": {}})", "tools", "expected a list of tools");
  refused(R"({"prompt": "a", "tools": [{"function": {}}]})", "tools", "tools[0].function");
  refused(R"({"prompt": "a", "chat_template_kwargs": 1})", "chat_template_kwargs", "an object");
}

TEST(RequestLineTest, FieldsThatDoNotGoTogetherAreNamed) {
  auto refused = [](absl::string_view line, absl::string_view field) {
    SCOPED_TRACE(line);
    const ParsedRequest parsed = ParseRequestLine(line);
    EXPECT_THAT(parsed.fields.status(),
                StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr(std::string(field))));
    EXPECT_EQ(parsed.field, field);
  };
  refused(R"({"token_ids": [1], "raw": true})", "raw");
  refused(R"({"messages": [{"role": "user"}], "system": "a"})", "system");
  refused(R"({"prompt": "a", "raw": true, "system": "a"})", "system");
  refused(R"({"prompt": "a", "raw": true, "think": true})", "think");
  refused(R"({"token_ids": [1], "tools": [{"name": "f"}]})", "tools");
  refused(R"({"token_ids": [1], "chat_template_kwargs": {}})", "chat_template_kwargs");
}

TEST(RequestLineTest, EveryNumberOfTheTableIsAFieldWithItsRange) {
  for (const SamplingNumber& line : SamplingNumbers()) {
    const ParsedRequest parsed =
        ParseRequestLine(absl::StrCat(R"({"prompt": "a", ")", line.key, R"(": -3})"));
    EXPECT_EQ(parsed.field, line.key);
    EXPECT_THAT(parsed.fields.status().message(),
                HasSubstr(absl::StrCat(line.key, " is the number -3, expected a ")));
  }
}

// Any bytes give an answer in bounded time and stack.
TEST(RequestLineTest, DeepAndOddLinesAreRefused) {
  std::string deep = "{\"messages\": ";
  deep += std::string(100'000, '[');
  EXPECT_THAT(ParseRequestLine(deep).fields.status().message(), HasSubstr("levels deep"));
  std::string line = R"({"prompt": "a", "logit_bias": {"13": -2.5}, "stop": ["x"], "id": 4})";
  for (size_t i = 0; i < line.size(); ++i) {
    EXPECT_FALSE(ParseRequestLine(line.substr(0, i)).fields.ok()) << i;
    std::string altered = line;
    altered[i] = '\x01';
    EXPECT_FALSE(ParseRequestLine(altered).fields.ok()) << i;
  }
}

}  // namespace
}  // namespace lathe
