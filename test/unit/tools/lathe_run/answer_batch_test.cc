#include "tools/lathe_run/answer_batch.h"

#include "test/support/status_matchers.h"
#include "test/unit/tools/lathe_run/toy_text.h"
#include "tools/lathe_run/session.h"

namespace lathe {
namespace {

using ::lathe::testing::StatusIs;
using ::lathe::testing::ToyTokens;
using ::testing::HasSubstr;

// Answers of the toy model, which never ends by itself here.
class AnswerBatchTest : public ::testing::Test {
 protected:
  void SetUp() override {
    testing::ToyModelOptions model = testing::ToyTextModel();
    model.stop_ids = {};
    options_.artifact = testing::WriteToyModel(model);
    LATHE_ASSERT_OK_AND_ASSIGN(session_, Session::Open(options_));
    LATHE_ASSERT_OK_AND_ASSIGN(Generator generator, session_->MakeGenerator(40, {40, 40}));
    generator_.emplace(std::move(generator));
    batch_.emplace(*generator_, tokenizer_);
  }
  static AnswerSpec Spec(std::vector<int32_t> prompt, int64_t num_new) {
    AnswerSpec spec;
    spec.request.prompt = std::move(prompt);
    spec.request.max_new_tokens = num_new;
    return spec;
  }

  RunOptions options_;
  Tokenizer tokenizer_ = testing::ToyTokenizer();
  std::unique_ptr<Session> session_;
  std::optional<Generator> generator_;
  std::optional<AnswerBatch> batch_;
  InterruptGuard interrupt_;
};

TEST_F(AnswerBatchTest, EachIsHandedOutWhenItEnds) {
  LATHE_ASSERT_OK_AND_ASSIGN(int64_t longer, batch_->Submit(Spec({'a', 'b'}, 5), {}));
  LATHE_ASSERT_OK_AND_ASSIGN(int64_t shorter, batch_->Submit(Spec({'c'}, 2), {}));
  LATHE_ASSERT_OK_AND_ASSIGN(int64_t last, batch_->Submit(Spec({'d'}, 3), {}));
  EXPECT_EQ(batch_->size(), 3u);
  std::vector<int64_t> order;
  std::map<int64_t, Answer> answers;
  while (!batch_->empty()) {
    for (AnswerBatch::Done& done : batch_->Step()) {
      order.push_back(done.id);
      LATHE_ASSERT_OK_AND_ASSIGN(answers[done.id], std::move(done.answer));
    }
  }
  EXPECT_EQ(order.front(), shorter);
  EXPECT_EQ(answers[longer].result.tokens, ToyTokens({'a', 'b'}, 5));
  EXPECT_EQ(answers[shorter].result.tokens, ToyTokens({'c'}, 2));
  EXPECT_EQ(answers[last].result.tokens, ToyTokens({'d'}, 3));
  EXPECT_EQ(answers[longer].text, tokenizer_.Decode(ToyTokens({'a', 'b'}, 5)));
  // The third had to wait until the second left.
  EXPECT_GT(answers[last].queue_seconds, answers[shorter].queue_seconds);
  for (const auto& [id, answer] : answers) {
    EXPECT_LT(answer.queue_seconds, answer.first_seconds);
    EXPECT_LT(answer.first_seconds, answer.last_seconds);
  }
}

TEST_F(AnswerBatchTest, AnswersToOneQuestionShareWhatIsReadOfIt) {
  LATHE_ASSERT_OK_AND_ASSIGN(
      const std::vector<int64_t> ids,
      batch_->SubmitAll({Spec({'a', 'b', 'c'}, 4), Spec({'a', 'b', 'c'}, 4)}, {}));
  ASSERT_EQ(ids.size(), 2u);
  int64_t num_reused = 0;
  while (!batch_->empty()) {
    for (AnswerBatch::Done& done : batch_->Step()) {
      LATHE_ASSERT_OK_AND_ASSIGN(Answer answer, std::move(done.answer));
      EXPECT_EQ(answer.result.tokens, ToyTokens({'a', 'b', 'c'}, 4));
      num_reused += answer.result.num_reused;
    }
  }
  EXPECT_EQ(num_reused, 2) << "all but the last token, whose logits choose the first new one";
}

TEST_F(AnswerBatchTest, OneAloneIsStreamed) {
  std::string out;
  AnswerReader reader{.writer = [&out](absl::string_view text) {
    out += std::string(text);
    return absl::OkStatus();
  }};
  LATHE_ASSERT_OK_AND_ASSIGN(Answer answer, RunAnswer(*batch_, Spec({'a'}, 4), reader, interrupt_));
  EXPECT_EQ(out, answer.text + "\n");
}

TEST_F(AnswerBatchTest, CancelledAnswersHaveWhatTheyHad) {
  LATHE_ASSERT_OK(batch_->Submit(Spec({'a'}, 30), {}).status());
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(batch_->Step().empty());
  batch_->CancelAll();
  std::vector<AnswerBatch::Done> done = batch_->Step();
  ASSERT_EQ(done.size(), 1u);
  LATHE_ASSERT_OK_AND_ASSIGN(Answer answer, std::move(done[0].answer));
  EXPECT_EQ(answer.result.reason, FinishReason::kCancelled);
  EXPECT_EQ(answer.result.tokens, ToyTokens({'a'}, 3));
}

TEST_F(AnswerBatchTest, WhatCannotRunIsRefused) {
  EXPECT_THAT(batch_->Submit(Spec(std::vector<int32_t>(41, 1), 1), {}),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("the prompt has 41 tokens")));
  EXPECT_TRUE(batch_->empty());
}

}  // namespace
}  // namespace lathe
