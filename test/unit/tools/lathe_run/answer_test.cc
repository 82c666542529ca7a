#include "tools/lathe_run/answer.h"

#include "test/support/status_matchers.h"
#include "test/unit/tools/lathe_run/toy_text.h"

namespace lathe {
namespace {

using ::lathe::testing::StatusIs;
using ::testing::HasSubstr;

// Of steps that a test makes up.
class IdleRunner : public StepRunner {
 public:
  absl::Status Run(const StepInput&, absl::Span<const KvCache>) override {
    return absl::OkStatus();
  }
  absl::Span<const float> Output(absl::string_view) const override { return {}; }
  absl::Span<const int32_t> NextIds() const override { return {}; }
};

// Answers of which a test says each token.
class AnswerTest : public ::testing::Test {
 protected:
  // The text in byte tokens, handed over one by one until the answer wants no more.
  absl::StatusOr<Answer> Run(AnswerSpec spec, absl::string_view text, FinishReason reason) {
    AnswerRun run(std::move(spec), tokenizer_, {.writer = [this](absl::string_view piece) {
                    writes_.emplace_back(piece);
                    return status_;
                  }});
    const Request request = run.TakeRequest();
    Result result;
    result.reason = reason;
    for (char byte : text) {
      result.tokens.push_back(static_cast<unsigned char>(byte));
      after_ = request.on_token(result.tokens.back());
      if (after_ != AfterToken::kGoOn) break;
    }
    if (after_ == AfterToken::kStop) result.reason = FinishReason::kStopped;
    return run.Finish(std::move(result));
  }
  std::string Written() const {
    std::string all;
    for (const std::string& write : writes_) all += write;
    return all;
  }

  Tokenizer tokenizer_ = testing::ToyTokenizer();
  std::vector<std::string> writes_;
  absl::Status status_;
  AfterToken after_ = AfterToken::kGoOn;
};

bool IsWholeUtf8(absl::string_view text) {
  size_t at = 0;
  while (at < text.size()) {
    const auto lead = static_cast<unsigned char>(text[at]);
    const size_t size = lead < 0x80    ? 1
                        : lead >= 0xf0 ? 4
                        : lead >= 0xe0 ? 3
                        : lead >= 0xc0 ? 2
                                       : 9;
    if (at + size > text.size()) return false;
    at += size;
  }
  return true;
}

// Each byte of these is a token of its own.
constexpr char kEmoji[] = "a\xf0\x9f\x98\x80\xc3\xa9\xf0\x9f\x91\x8d\xf0\x9f\x8f\xbd z";

TEST_F(AnswerTest, TextIsWrittenAtBordersOfCharacters) {
  LATHE_ASSERT_OK_AND_ASSIGN(Answer answer, Run({}, kEmoji, FinishReason::kLength));
  EXPECT_EQ(answer.text, kEmoji);
  EXPECT_EQ(Written(), std::string(kEmoji) + "\n");
  EXPECT_GE(writes_.size(), 6u) << "as it comes";
  for (const std::string& write : writes_) EXPECT_TRUE(IsWholeUtf8(write)) << write;
}

TEST_F(AnswerTest, StopTextsOfWholeCharactersLeaveWholeCharacters) {
  // The first differs from the text in its last byte only; the second ends it.
  LATHE_ASSERT_OK_AND_ASSIGN(Answer answer, Run({.stop = {"\xf0\x9f\x98\x81", "\xf0\x9f\x91\x8d"}},
                                                kEmoji, FinishReason::kLength));
  EXPECT_EQ(after_, AfterToken::kStop);
  EXPECT_EQ(answer.text, "a\xf0\x9f\x98\x80\xc3\xa9");
  EXPECT_EQ(Written(), answer.text + "\n");
  for (const std::string& write : writes_) EXPECT_TRUE(IsWholeUtf8(write)) << write;
}

TEST_F(AnswerTest, AHalfCharacterAtTheEndBecomesOneThatSaysSo) {
  LATHE_ASSERT_OK_AND_ASSIGN(
      Answer answer, Run({.stop = {"\xf0\x9f\x98\x80"}}, "a\xf0\x9f\x98", FinishReason::kLength));
  EXPECT_EQ(answer.text, "a\xef\xbf\xbd");
}

TEST_F(AnswerTest, TheFirstTokensAreNotSearchedForStops) {
  AnswerSpec spec{.stop = {"b"}};
  spec.request.sampling.min_tokens = 3;
  LATHE_ASSERT_OK_AND_ASSIGN(Answer answer, Run(spec, "abcabc", FinishReason::kLength));
  EXPECT_EQ(answer.text, "abca");
}

TEST_F(AnswerTest, TheReplyComesByItsParts) {
  const AnswerSpec spec{.reasoning = Reasoning::kHide,
                        .reply = {.format = {.has_think_tags = true}, .starts_in_reasoning = true}};
  LATHE_ASSERT_OK_AND_ASSIGN(Answer answer, Run(spec, "why</think>so", FinishReason::kStopId));
  EXPECT_EQ(answer.reply.reasoning, "why");
  EXPECT_EQ(answer.reply.text, "so");
  EXPECT_EQ(answer.text, "why</think>so");
  EXPECT_EQ(Written(), "so\n");
}

TEST_F(AnswerTest, AReaderThatIsGoneEndsIt) {
  status_ = absl::ResourceExhaustedError("full");
  EXPECT_THAT(Run({}, "abc", FinishReason::kCancelled),
              StatusIs(absl::StatusCode::kResourceExhausted, HasSubstr("full")));
  EXPECT_EQ(after_, AfterToken::kCancel);
  EXPECT_EQ(writes_.size(), 1u);
}

TEST_F(AnswerTest, ItIsToldHowMuchOfThePromptIsRead) {
  AnswerSpec spec;
  spec.request.prompt = std::vector<int32_t>(100, 1);
  std::vector<int64_t> told;
  AnswerRun run(spec, tokenizer_, {.on_prompt = [&told](int64_t done, int64_t total) {
                  told.insert(told.end(), {done, total});
                }});
  const Request request = run.TakeRequest();
  IdleRunner runner;
  auto step = [&](int64_t first, int64_t count) {
    request.on_step({.first_row = 0,
                     .num_rows = count,
                     .first_position = first,
                     .step_rows = count,
                     .runner = runner,
                     .caches = {},
                     .pages = {}});
  };
  step(0, 64);
  step(64, 36);
  request.on_token('a');
  step(100, 1);
  EXPECT_EQ(told, std::vector<int64_t>({64, 100, 100, 100}));
}

TEST_F(AnswerTest, AFailedRequestIsAnError) {
  AnswerRun run({}, tokenizer_, {});
  run.TakeRequest();
  Result failed;
  failed.status = absl::DataLossError("no number");
  EXPECT_THAT(run.Finish(failed), StatusIs(absl::StatusCode::kDataLoss, HasSubstr("no number")));
}

TEST(AnswerTextTest, SaysHowItWent) {
  Answer answer{.num_prompt_tokens = 20, .first_seconds = 0.5, .last_seconds = 2.5};
  answer.result.tokens = {1, 2, 3, 4, 5};
  answer.result.num_reused = 10;
  answer.queue_seconds = 0.25;
  EXPECT_EQ(SpeedText(answer, 3 << 20),
            "speed: first token after 500.0 ms (reused 10 of 20 prompt tokens, read 10 at 40.0 "
            "tokens/s), then 4 at 2.0 tokens/s; at most 3.00 MiB in memory\n");
  answer.result.num_preempted = 2;
  EXPECT_THAT(SpeedText(answer, 1), HasSubstr("4 at 2.0 tokens/s, preempted 2 times; at most "));
  answer.result.reason = FinishReason::kLength;
  EXPECT_EQ(EndText(answer, 40), "");
  answer.result.reason = FinishReason::kContext;
  EXPECT_EQ(EndText(answer, 40),
            "lathe-run: the answer ends because the context of 40 tokens is full\n");
  answer.result.reason = FinishReason::kCancelled;
  EXPECT_EQ(EndText(answer, 40), "lathe-run: interrupted\n");
  answer.reply.notes = {"a", "b"};
  EXPECT_EQ(NoteText(answer), "lathe-run: a\nlathe-run: b\n");
}

TEST(AnswerTextTest, AnAnswerOfNothing) {
  EXPECT_EQ(SpeedText({}, 1), "speed: no token was made\n");
}

}  // namespace
}  // namespace lathe
