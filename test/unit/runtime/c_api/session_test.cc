#include "runtime/c_api/session.h"

#include <map>

#include "test/support/status_matchers.h"
#include "test/unit/tools/lathe_run/toy_text.h"

namespace lathe::c_api {
namespace {

using ::lathe::testing::StatusIs;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

struct Told {
  std::vector<int32_t> tokens;
  std::string text;
  lathe_finish finish = LATHE_FINISH_NONE;
};

class CApiSessionTest : public ::testing::Test {
 protected:
  void SetUp() override { Open(testing::ToyTextModel(), {}); }

  void Open(const testing::ToyModelOptions& options, const lathe_session_options& session) {
    LATHE_ASSERT_OK_AND_ASSIGN(model_, Model::Open(testing::WriteToyModel(options), {}));
    LATHE_ASSERT_OK_AND_ASSIGN(session_, Session::Create(model_, session));
  }

  int64_t Submit(std::vector<int32_t> prompt, int64_t max_new_tokens) {
    const lathe_request asked = {.struct_size = sizeof(lathe_request),
                                 .prompt = prompt.data(),
                                 .num_prompt = prompt.size(),
                                 .max_new_tokens = max_new_tokens,
                                 .ignores_stop_ids = 1};
    absl::StatusOr<int64_t> request = session_->Submit(&asked);
    EXPECT_THAT(request, testing::IsOk());
    return request.value_or(0);
  }

  void RunAll() {
    bool has_more = true;
    while (has_more) {
      LATHE_ASSERT_OK_AND_ASSIGN(has_more, session_->Step());
      Read();
    }
  }

  void Read() {
    for (lathe_event event = session_->Poll(); event.kind != LATHE_EVENT_NONE;
         event = session_->Poll()) {
      Told& told = told_[event.request];
      EXPECT_EQ(told.finish, LATHE_FINISH_NONE) << "an event after the end";
      if (event.kind == LATHE_EVENT_TOKEN) told.tokens.push_back(event.token);
      told.text.append(event.text, event.text_bytes);
      told.finish = event.finish;
    }
  }

  std::shared_ptr<const Model> model_;
  std::unique_ptr<Session> session_;
  std::map<int64_t, Told> told_;
};

TEST_F(CApiSessionTest, ManyRequestsAtOnce) {
  const int64_t first = Submit({1, 2, 3}, 20);
  const int64_t second = Submit({200, 100}, 30);
  EXPECT_EQ(first, 1);
  EXPECT_EQ(second, 2);
  RunAll();
  EXPECT_EQ(told_[first].tokens, testing::ToyTokens({1, 2, 3}, 20));
  EXPECT_EQ(told_[second].tokens, testing::ToyTokens({200, 100}, 30));
  EXPECT_EQ(told_[first].finish, LATHE_FINISH_LENGTH);
  const Tokenizer& tokenizer = **model_->tokenizer();
  EXPECT_EQ(told_[second].text, tokenizer.Decode(told_[second].tokens, {.skip_special = true}));
  LATHE_EXPECT_OK(session_->Read(first, [&](const Answer& answer) {
    EXPECT_EQ(answer.tokens(), told_[first].tokens);
    EXPECT_EQ(answer.text(), told_[first].text);
    return absl::OkStatus();
  }));
}

TEST_F(CApiSessionTest, ARefusedRequestChangesNothing) {
  const int32_t prompt[] = {1, 500};
  lathe_request asked = {.struct_size = sizeof(lathe_request), .prompt = prompt, .num_prompt = 2};
  EXPECT_THAT(session_->Submit(&asked),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("[1] is 500")));
  asked.num_prompt = 0;
  EXPECT_THAT(session_->Submit(&asked),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("empty")));
  EXPECT_EQ(Submit({1}, 2), 1);
  RunAll();
  EXPECT_EQ(told_.size(), 1u);
}

TEST_F(CApiSessionTest, CancelEndsWithTheNextStep) {
  const int64_t request = Submit({1, 2}, 100);
  LATHE_ASSERT_OK(session_->Step().status());
  LATHE_EXPECT_OK(session_->Cancel(request));
  LATHE_EXPECT_OK(session_->Cancel(request));
  RunAll();
  EXPECT_EQ(told_[request].finish, LATHE_FINISH_CANCELLED);
  EXPECT_EQ(told_[request].tokens, testing::ToyTokens({1, 2}, 1));
  LATHE_EXPECT_OK(session_->Cancel(request)) << "ended already";
  EXPECT_THAT(session_->Cancel(7),
              StatusIs(absl::StatusCode::kNotFound, HasSubstr("request 7 is not known")));
}

TEST_F(CApiSessionTest, ForgottenRequestsLeaveNothing) {
  const int64_t waits = Submit({1, 2}, 100);
  const int64_t stays = Submit({3}, 5);
  LATHE_ASSERT_OK(session_->Step().status());
  session_->Forget(waits);
  session_->Forget(waits);
  session_->Forget(99);
  RunAll();
  EXPECT_EQ(told_.count(waits), 0u) << "its events are gone, too";
  EXPECT_EQ(told_[stays].finish, LATHE_FINISH_LENGTH);
  auto read = [](const Answer&) { return absl::OkStatus(); };
  EXPECT_THAT(session_->Read(waits, read),
              StatusIs(absl::StatusCode::kNotFound, HasSubstr("forgotten")));
  EXPECT_THAT(session_->Cancel(waits),
              StatusIs(absl::StatusCode::kNotFound, HasSubstr("forgotten")));
  session_->Forget(stays);
  EXPECT_THAT(session_->Read(stays, read), StatusIs(absl::StatusCode::kNotFound, HasSubstr("2")));
}

TEST_F(CApiSessionTest, AStopTextEndsTheAnswer) {
  const std::vector<int32_t> all = testing::ToyTokens({60}, 20);
  // Its bytes 3 and 4, where they are text.
  const Tokenizer& tokenizer = **model_->tokenizer();
  std::string whole = tokenizer.Decode(all, {.skip_special = true});
  const int32_t prompt[] = {60};
  const std::string stop = whole.substr(
      whole.find_first_of("abcdefghijklmnopqrstuvwxyz0123456789@ABCDEFGHIJKLMNOPQRSTUVWXYZ[]<>=?"),
      1);
  ASSERT_FALSE(stop.empty());
  const char* stops[] = {stop.c_str()};
  const lathe_request asked = {.struct_size = sizeof(lathe_request),
                               .prompt = prompt,
                               .num_prompt = 1,
                               .max_new_tokens = 20,
                               .ignores_stop_ids = 1,
                               .stop_texts = stops,
                               .num_stop_texts = 1};
  LATHE_ASSERT_OK_AND_ASSIGN(int64_t request, session_->Submit(&asked));
  RunAll();
  EXPECT_EQ(told_[request].finish, LATHE_FINISH_STOP_TEXT);
  EXPECT_EQ(told_[request].text, whole.substr(0, whole.find(stop)));
}

TEST_F(CApiSessionTest, AnArtifactWithoutTextMakesIds) {
  Open({}, {});
  const int64_t request = Submit({1, 2}, 4);
  RunAll();
  EXPECT_EQ(told_[request].tokens, testing::ToyTokens({1, 2}, 4));
  EXPECT_EQ(told_[request].text, "");
  const int32_t prompt[] = {1};
  const char* stops[] = {"x"};
  const lathe_request asked = {.struct_size = sizeof(lathe_request),
                               .prompt = prompt,
                               .num_prompt = 1,
                               .stop_texts = stops,
                               .num_stop_texts = 1};
  EXPECT_THAT(session_->Submit(&asked),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("stop_texts")));
}

TEST_F(CApiSessionTest, OptionsAreTaken) {
  Open(testing::ToyTextModel(), {.threads = 1, .context = 10, .max_sequences = 2});
  const int64_t request = Submit({1, 2}, 0);
  RunAll();
  EXPECT_EQ(told_[request].finish, LATHE_FINISH_CONTEXT);
  EXPECT_EQ(told_[request].tokens.size(), 8u);
}

TEST_F(CApiSessionTest, WrongOptionsAreRefused) {
  const struct {
    lathe_session_options options;
    absl::StatusCode code;
    const char* words;
  } cases[] = {
      {{.threads = -1}, absl::StatusCode::kInvalidArgument, "threads is -1"},
      {{.threads = 1 << 30}, absl::StatusCode::kInvalidArgument, "threads"},
      {{.threads = 1, .context = 5000}, absl::StatusCode::kInvalidArgument, "context is 5000"},
      {{.threads = 1, .max_sequences = 1 << 20},
       absl::StatusCode::kInvalidArgument,
       "max_sequences"},
      {{.threads = 1, .cache_bytes = 100},
       absl::StatusCode::kResourceExhausted,
       "cache_bytes is 100 B"},
      {{.threads = 1, .step_rows = -5}, absl::StatusCode::kInvalidArgument, "step_rows is -5"},
      {{.threads = 1, .cpu_level = "z80"}, absl::StatusCode::kInvalidArgument, "z80"}};
  for (const auto& each : cases)
    EXPECT_THAT(Session::Create(model_, each.options), StatusIs(each.code, HasSubstr(each.words)));
}

// A page holds 64 tokens: 3 pages are what one sequence may leave half empty and 128 tokens.
TEST_F(CApiSessionTest, CacheBytesBoundWhatRunsAtOnce) {
  const uint64_t page_bytes = model_->artifact().manifest().kv_groups(0).page_bytes();
  Open(testing::ToyTextModel(), {.threads = 1, .max_sequences = 1, .cache_bytes = 3 * page_bytes});
  std::vector<int32_t> prompt(120, 1);
  const int64_t fits = Submit(prompt, 8);
  RunAll();
  EXPECT_EQ(told_[fits].tokens.size(), 8u);
  prompt.resize(250, 1);
  const lathe_request asked = {.struct_size = sizeof(lathe_request),
                               .prompt = prompt.data(),
                               .num_prompt = prompt.size(),
                               .max_new_tokens = 8};
  EXPECT_EQ(session_->Submit(&asked).status().code(), absl::StatusCode::kResourceExhausted);
}

TEST_F(CApiSessionTest, AModelLivesAsLongAsItsSessions) {
  model_.reset();
  const int64_t request = Submit({1, 2}, 4);
  RunAll();
  EXPECT_EQ(told_[request].tokens, testing::ToyTokens({1, 2}, 4));
}

}  // namespace
}  // namespace lathe::c_api
