#include "tools/lathe_run/request_runner.h"

#include <unistd.h>

#include <thread>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "test/support/data.h"
#include "test/support/status_matchers.h"
#include "test/unit/tools/lathe_run/toy_text.h"
#include "tools/lathe_run/session.h"

namespace lathe {
namespace {

// The runner over the toy model, with requests from a pipe and results in a file.
class RequestRunnerTest : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_EQ(::pipe(ends_), 0);
    options_.artifact = testing::WriteToyModel(testing::ToyTextModel());
    LATHE_ASSERT_OK_AND_ASSIGN(session_, Session::Open(options_));
    LATHE_ASSERT_OK_AND_ASSIGN(Generator generator, session_->MakeGenerator(60, {60, 60}));
    generator_.emplace(std::move(generator));
    LATHE_ASSERT_OK_AND_ASSIGN(PromptEncoder encoder, PromptEncoder::Create(session_->artifact()));
    encoder_.emplace(std::move(encoder));
    LATHE_ASSERT_OK_AND_ASSIGN(ResultSink sink, ResultSink::Create(path_, true));
    sink_.emplace(std::move(sink));
  }
  void TearDown() override {
    ::close(ends_[0]);
    CloseInput();
  }
  void CloseInput() {
    if (ends_[1] >= 0) ::close(ends_[1]);
    ends_[1] = -1;
  }
  void Write(const std::string& text) {
    ASSERT_EQ(::write(ends_[1], text.data(), text.size()), static_cast<ssize_t>(text.size()));
  }
  std::unique_ptr<RequestRunner> MakeRunner(RequestRunner::Limits limits) {
    maker_.emplace(RequestFields(), session_->artifact().manifest(), tokenizer_, *encoder_, 60);
    batch_.emplace(*generator_, tokenizer_);
    lines_.emplace(ends_[0], 1000, interrupt_);
    return std::make_unique<RequestRunner>(*lines_, *maker_, *batch_, tokenizer_, interrupt_,
                                           *sink_, progress_, limits);
  }

  int ends_[2];
  RunOptions options_;
  Tokenizer tokenizer_ = testing::ToyTokenizer();
  InterruptGuard interrupt_;
  std::string path_ = testing::TempDir() + "/out.jsonl";
  ProgressLine progress_{"requests:"};
  std::unique_ptr<Session> session_;
  std::optional<Generator> generator_;
  std::optional<PromptEncoder> encoder_;
  std::optional<ResultSink> sink_;
  std::optional<AnswerMaker> maker_;
  std::optional<AnswerBatch> batch_;
  std::optional<InputLines> lines_;
};

TEST_F(RequestRunnerTest, NoMoreIsTakenThanThereIsRoomFor) {
  std::string text;
  for (int i = 0; i < 40; ++i)
    absl::StrAppend(&text, "{\"token_ids\":[", i, "],\"max_tokens\":", 1 + i % 7, "}\n");
  Write(text);
  CloseInput();
  const std::unique_ptr<RequestRunner> runner = MakeRunner({.most_at_once = 1, .most_held = 1});
  LATHE_ASSERT_OK(runner->Run());
  LATHE_ASSERT_OK(sink_->Finish());
  EXPECT_EQ(runner->totals().num_requests, 40);
  EXPECT_EQ(runner->totals().num_answers, 40);
  EXPECT_EQ(runner->totals().num_failed, 0);
  EXPECT_EQ(runner->totals().num_prompt_tokens, 40);
  const std::vector<std::string> lines =
      absl::StrSplit(testing::ReadFileOrDie(path_), '\n', absl::SkipEmpty());
  EXPECT_EQ(lines.size(), 40u);
}

// Whoever writes a request and waits for its result is not kept waiting for the next request.
TEST_F(RequestRunnerTest, WhatRunsGoesOnWhileNoLineComes) {
  Write("{\"token_ids\":[1],\"max_tokens\":3,\"ignore_eos\":true}\n");
  const std::unique_ptr<RequestRunner> runner = MakeRunner({});
  std::thread closer([this] {
    ::usleep(300'000);
    CloseInput();
  });
  LATHE_ASSERT_OK(runner->Run());
  closer.join();
  LATHE_ASSERT_OK(sink_->Finish());
  EXPECT_EQ(runner->totals().num_answers, 1);
  EXPECT_GE(runner->totals().seconds, 0.25) << "until the input ends";
  EXPECT_THAT(testing::ReadFileOrDie(path_), ::testing::HasSubstr("\"new_tokens\":3"));
}

TEST_F(RequestRunnerTest, AllAnswersOfARequestOrNone) {
  Write(
      "{\"token_ids\":[1],\"max_tokens\":2,\"n\":5,\"ignore_eos\":true}\n"
      "{\"token_ids\":[1],\"max_tokens\":200,\"n\":5}\n");
  CloseInput();
  const std::unique_ptr<RequestRunner> runner = MakeRunner({.most_at_once = 2, .most_held = 9});
  LATHE_ASSERT_OK(runner->Run());
  EXPECT_EQ(runner->totals().num_requests, 2);
  EXPECT_EQ(runner->totals().num_answers, 5);
  EXPECT_EQ(runner->totals().num_failed, 1);
  EXPECT_EQ(runner->totals().num_new_tokens, 10);
}

TEST(RequestTotalsTest, SaysItInOneLine) {
  EXPECT_EQ((RequestTotals{.num_requests = 3,
                           .num_failed = 1,
                           .num_answers = 2,
                           .num_prompt_tokens = 9,
                           .num_reused = 4,
                           .num_new_tokens = 20,
                           .seconds = 0.5}
                 .Text()),
            "3 requests, 2 answers, 1 failed; reused 4 of 9 prompt tokens, 20 new tokens in 0.50 s "
            "(40.0 new tokens/s)");
  EXPECT_EQ(RequestTotals().Text(),
            "0 requests, 0 answers, 0 failed; reused 0 of 0 prompt tokens, 0 new tokens in 0.00 s");
}

}  // namespace
}  // namespace lathe
