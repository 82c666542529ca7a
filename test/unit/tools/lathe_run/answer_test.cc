#include "tools/lathe_run/answer.h"

#include "test/support/status_matchers.h"
#include "test/unit/tools/lathe_run/toy_text.h"
#include "tools/lathe_run/session.h"

namespace lathe {
namespace {

using ::lathe::testing::StatusIs;
using ::lathe::testing::ToyTokens;
using ::testing::HasSubstr;
using ::testing::MatchesRegex;

// Answers of the toy model, which never ends by itself here.
class AnswerTest : public ::testing::Test {
 protected:
  void SetUp() override {
    testing::ToyModelOptions model = testing::ToyTextModel();
    model.stop_ids = {};
    options_.artifact = testing::WriteToyModel(model);
    options_.context = 40;
    LATHE_ASSERT_OK_AND_ASSIGN(session_, Session::Open(options_));
    LATHE_ASSERT_OK_AND_ASSIGN(Generator generator, session_->MakeGenerator(40, {40}));
    generator_.emplace(std::move(generator));
  }
  // The answer, and what it wrote to stdout.
  absl::StatusOr<Answer> Run(const Request& request) {
    const Asker asker{options_, tokenizer_, {}, {}, *generator_};
    InterruptGuard interrupt;
    ::testing::internal::CaptureStdout();
    absl::StatusOr<Answer> answer = RunAnswer(asker, request, false, interrupt);
    out_ = ::testing::internal::GetCapturedStdout();
    return answer;
  }
  Request MakeOne(std::vector<int32_t> prompt) {
    return MakeRequest(options_, session_->artifact().manifest(), {}, std::move(prompt));
  }

  RunOptions options_;
  Tokenizer tokenizer_ = testing::ToyTokenizer();
  std::unique_ptr<Session> session_;
  std::optional<Generator> generator_;
  std::string out_;
};

TEST_F(AnswerTest, StreamsAndTellsHowItWent) {
  Request request = MakeOne({'a', 'b'});
  request.max_new_tokens = 5;
  LATHE_ASSERT_OK_AND_ASSIGN(Answer answer, Run(request));
  EXPECT_EQ(answer.result.tokens, ToyTokens({'a', 'b'}, 5));
  EXPECT_EQ(answer.text, tokenizer_.Decode(answer.result.tokens, {.skip_special = true}));
  EXPECT_EQ(answer.reply.text, answer.text);
  EXPECT_EQ(out_, answer.text + "\n");
  EXPECT_EQ(answer.num_prompt_tokens, 2);
  EXPECT_EQ(EndText(answer, *generator_), "");
  EXPECT_THAT(
      SpeedText(answer),
      MatchesRegex("speed: first token after .* ms \\(2 prompt tokens, .* tokens/s\\), then "
                   "4 tokens at .* tokens/s\n"));
}

TEST_F(AnswerTest, AFullContextIsTold) {
  LATHE_ASSERT_OK_AND_ASSIGN(Answer answer, Run(MakeOne({'a', 'b'})));
  EXPECT_EQ(answer.result.tokens.size(), 38u);
  EXPECT_EQ(EndText(answer, *generator_),
            "lathe-run: the answer ends because the context of 40 tokens is full\n");
}

TEST_F(AnswerTest, NewTokensAreTheFlagsElseTheModels) {
  artifact::Manifest manifest = session_->artifact().manifest();
  EXPECT_EQ(MakeRequest(options_, manifest, {}, {1}).max_new_tokens, std::nullopt);
  manifest.mutable_generation()->set_max_new_tokens(7);
  manifest.mutable_generation()->add_stop_ids(9);
  EXPECT_EQ(MakeRequest(options_, manifest, {}, {1}).max_new_tokens, 7);
  EXPECT_EQ(MakeRequest(options_, manifest, {}, {1}).stop_ids, std::vector<int32_t>({9}));
  EXPECT_EQ(MakeRequest(options_, manifest, {}, std::vector<int32_t>(33, 1)).max_new_tokens,
            std::nullopt)
      << "as far as there is room";
  options_.max_new_tokens = 100;
  EXPECT_EQ(MakeRequest(options_, manifest, {}, {1}).max_new_tokens, 100);
}

TEST_F(AnswerTest, WhatCannotBeAnsweredPrintsNothing) {
  EXPECT_THAT(Run(MakeOne(std::vector<int32_t>(41, 1))),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("the prompt has 41 tokens")));
  EXPECT_EQ(out_, "");
}

TEST(AnswerTextTest, AnAnswerOfNothing) { EXPECT_EQ(SpeedText({}), "speed: no token was made\n"); }

}  // namespace
}  // namespace lathe
