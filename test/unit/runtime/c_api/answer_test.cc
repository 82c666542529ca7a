#include "runtime/c_api/answer.h"

#include "test/support/status_matchers.h"
#include "test/unit/tools/lathe_run/toy_text.h"

namespace lathe::c_api {
namespace {

using ::lathe::testing::StatusIs;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

class AnswerTest : public ::testing::Test {
 protected:
  // The pieces of the text, and behind them what the end adds.
  std::vector<std::string> Pieces(Answer& answer, const std::string& bytes) {
    std::vector<std::string> pieces;
    for (char byte : bytes) {
      after_ = answer.Push(static_cast<unsigned char>(byte), &pieces.emplace_back());
      if (after_ != AfterToken::kGoOn) break;
    }
    answer.Finish({.reason = FinishReason::kLength}, &pieces.emplace_back());
    return pieces;
  }

  Tokenizer tokenizer_ = testing::ToyTokenizer();
  AfterToken after_ = AfterToken::kGoOn;
};

TEST_F(AnswerTest, PiecesAreWholeCharacters) {
  Answer answer(&tokenizer_, {});
  EXPECT_THAT(Pieces(answer, "a€b\xe2\x82"), ElementsAre("a", "", "", "€", "b", "", "", "\ufffd"));
  EXPECT_EQ(answer.text(), "a€b\ufffd");
  EXPECT_EQ(answer.tokens().size(), 7u);
}

TEST_F(AnswerTest, AStopTextEndsIt) {
  Answer answer(&tokenizer_, {.stop_texts = {"END"}});
  EXPECT_THAT(Pieces(answer, "aENxENDb"), ElementsAre("a", "", "", "ENx", "", "", "", ""));
  EXPECT_EQ(after_, AfterToken::kStop);
  EXPECT_EQ(answer.text(), "aENx");
}

TEST_F(AnswerTest, TheFirstTokensAreNotSearched) {
  AskedRequest asked{.stop_texts = {"x"}};
  asked.request.sampling.min_tokens = 2;
  Answer answer(&tokenizer_, asked);
  EXPECT_THAT(Pieces(answer, "axbxc"), ElementsAre("a", "x", "b", "", ""));
}

TEST_F(AnswerTest, SpecialTokensAreShownWhenAsked) {
  std::string piece;
  Answer hides(&tokenizer_, {});
  hides.Push(257, &piece);
  EXPECT_EQ(piece, "");
  Answer shows(&tokenizer_, {.shows_special = true});
  shows.Push(257, &piece);
  EXPECT_EQ(piece, "<|im_end|>");
}

TEST_F(AnswerTest, WithoutATokenizerThereIsNoText) {
  Answer answer(nullptr, {});
  EXPECT_THAT(Pieces(answer, "ab"), ElementsAre("", "", ""));
  EXPECT_THAT(answer.tokens(), ElementsAre('a', 'b'));
}

TEST_F(AnswerTest, TheEndIsTold) {
  AskedRequest asked;
  asked.request.prompt = {1, 2, 3};
  Answer answer(&tokenizer_, asked);
  EXPECT_EQ(answer.finish(), LATHE_FINISH_NONE);
  EXPECT_THAT(answer.Summary(),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("LATHE_EVENT_END")));
  std::string piece;
  answer.Push('a', &piece);
  answer.Push('b', &piece);
  answer.Finish({.reason = FinishReason::kStopId, .stop_id = 257, .num_reused = 2}, &piece);
  LATHE_ASSERT_OK_AND_ASSIGN(lathe_result summary, answer.Summary());
  EXPECT_EQ(summary.finish, LATHE_FINISH_STOP_ID);
  EXPECT_EQ(summary.stop_id, 257);
  EXPECT_EQ(summary.num_prompt, 3);
  EXPECT_EQ(summary.num_reused, 2);
  EXPECT_EQ(summary.num_tokens, 2);
  EXPECT_GT(summary.first_token_seconds, 0);
  EXPECT_GE(summary.other_tokens_seconds, 0);
}

TEST_F(AnswerTest, EveryReasonHasItsNumber) {
  const struct {
    FinishReason reason;
    lathe_finish finish;
  } cases[] = {{FinishReason::kStopId, LATHE_FINISH_STOP_ID},
               {FinishReason::kStopped, LATHE_FINISH_STOP_TEXT},
               {FinishReason::kLength, LATHE_FINISH_LENGTH},
               {FinishReason::kContext, LATHE_FINISH_CONTEXT},
               {FinishReason::kCancelled, LATHE_FINISH_CANCELLED},
               {FinishReason::kFailed, LATHE_FINISH_FAILED}};
  for (const auto& each : cases) {
    Answer answer(nullptr, {});
    std::string piece;
    answer.Finish({.reason = each.reason}, &piece);
    EXPECT_EQ(answer.finish(), each.finish);
  }
}

TEST_F(AnswerTest, AFailureIsItsStatus) {
  Answer answer(nullptr, {});
  std::string piece;
  answer.Finish({.status = absl::DataLossError("logits are no numbers")}, &piece);
  EXPECT_EQ(answer.finish(), LATHE_FINISH_FAILED);
  EXPECT_THAT(answer.Summary(), StatusIs(absl::StatusCode::kDataLoss, HasSubstr("no numbers")));
}

TEST_F(AnswerTest, LogprobsAreTheTokensOwnThenTheLikeliest) {
  AskedRequest asked;
  asked.request.sampling.num_logprobs = 2;
  Answer answer(nullptr, asked);
  std::string piece;
  answer.Push(7, &piece);
  answer.Finish({.logprobs = {{.chosen = -1.5f, .likeliest = {{9, -0.5f}, {7, -1.5f}}}}}, &piece);
  LATHE_ASSERT_OK_AND_ASSIGN(auto list, answer.Logprobs(0));
  ASSERT_EQ(list.size(), 3u);
  EXPECT_EQ(list[0].id, 7);
  EXPECT_EQ(list[0].value, -1.5f);
  EXPECT_EQ(list[1].id, 9);
  EXPECT_THAT(answer.Logprobs(1),
              StatusIs(absl::StatusCode::kOutOfRange, HasSubstr("there are 1")));
  Answer without(nullptr, {});
  without.Finish({}, &piece);
  EXPECT_THAT(without.Logprobs(0),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("num_logprobs")));
}

}  // namespace
}  // namespace lathe::c_api
