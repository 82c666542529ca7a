#include "tools/lathe_run/result_json.h"

#include "test/support/status_matchers.h"
#include "test/unit/tools/lathe_run/toy_text.h"

namespace lathe {
namespace {

Answer SomeAnswer() {
  Answer answer{.text = "<think>why</think>so",
                .reply = {.reasoning = "why", .text = "so", .calls = {}, .notes = {}},
                .num_prompt_tokens = 3,
                .queue_seconds = 0.0000005,
                .first_seconds = 0.25,
                .last_seconds = 1.5};
  answer.result.reason = FinishReason::kLength;
  answer.result.tokens = {'s', 'o'};
  answer.result.num_reused = 1;
  return answer;
}

TEST(ResultJsonTest, AllOfAnAnswerInOneLine) {
  const Tokenizer tokenizer = testing::ToyTokenizer();
  Answer answer = SomeAnswer();
  EXPECT_EQ(ResultJson({}, answer, tokenizer),
            R"({"text":"<think>why</think>so","ids":[115,111],"finish":"length","usage":)"
            R"({"prompt_tokens":3,"reused":1,"new_tokens":2},"timings":{"queue_seconds":1e-06,)"
            R"("first_token_seconds":0.25,"total_seconds":1.5}})"
            "\n");
  answer.reasoning = Reasoning::kApart;
  answer.reply.calls = {{"f", "{}"}};
  answer.reply.notes = {"n"};
  answer.sampling.temperature = 1;
  answer.sampling.seed = 7;
  answer.sampling.num_logprobs = 1;
  answer.result.logprobs = {{-0.5f, {{'s', -0.5f}}}, {-1, {{'p', -0.25f}}}};
  EXPECT_EQ(
      ResultJson({.id = "1.50", .line = 9, .index = 2}, answer, tokenizer),
      R"({"id":1.50,"line":9,"index":2,"text":"so","reasoning":"why","tool_calls":[{"type":)"
      R"("function","function":{"name":"f","arguments":"{}"}}],"ids":[115,111],"finish":"length",)"
      R"("usage":{"prompt_tokens":3,"reused":1,"new_tokens":2},"timings":{"queue_seconds":1e-06,)"
      R"("first_token_seconds":0.25,"total_seconds":1.5},"seed":7,"logprobs":[{"id":115,"text":"s",)"
      R"("logprob":-0.5,"top":[{"id":115,"text":"s","logprob":-0.5}]},{"id":111,"text":"o",)"
      R"("logprob":-1.0,"top":[{"id":112,"text":"p","logprob":-0.25}]}],"notes":["n"]})"
      "\n");
}

TEST(ResultJsonTest, APreemptionIsTold) {
  Answer answer = SomeAnswer();
  answer.result.num_preempted = 3;
  EXPECT_THAT(ResultJson({}, answer, testing::ToyTokenizer()),
              ::testing::HasSubstr(R"("new_tokens":2,"preempted":3})"));
}

TEST(ResultJsonTest, HiddenReasoningIsNotThere) {
  Answer answer = SomeAnswer();
  answer.reasoning = Reasoning::kHide;
  const std::string line = ResultJson({}, answer, testing::ToyTokenizer());
  EXPECT_THAT(line, ::testing::HasSubstr(R"("text":"so")"));
  EXPECT_THAT(line, ::testing::Not(::testing::HasSubstr("why")));
}

TEST(ResultJsonTest, ErrorsNameTheLineAndTheField) {
  EXPECT_EQ(
      ErrorJson({.id = "\"a\"", .line = 3}, "seed", absl::InvalidArgumentError("seed is x\xff")),
      "{\"id\":\"a\",\"line\":3,\"error\":{\"field\":\"seed\",\"message\":\"seed is "
      "x\xef\xbf\xbd\"}}\n");
  EXPECT_EQ(ErrorJson({}, "", absl::DataLossError("m")), "{\"error\":{\"message\":\"m\"}}\n");
}

}  // namespace
}  // namespace lathe
