#include "runtime/c_api/lathe.h"

#include <cmath>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "nlohmann/json.hpp"
#include "test/support/data.h"
#include "test/unit/tools/lathe_run/toy_text.h"

extern "C" size_t lathe_test_size_in_c(int which);  // header_test.c

namespace lathe {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr char kMessages[] = R"([{"role": "user", "content": "hi"}])";

template <typename T>
T Sized() {
  T value = {};
  value.struct_size = sizeof(T);
  return value;
}

class LatheTest : public ::testing::Test {
 protected:
  void SetUp() override {
    const std::string path = testing::WriteToyModel(testing::ToyTextModel());
    ASSERT_EQ(lathe_model_open(path.c_str(), nullptr, &model_, &error_), LATHE_OK) << error_.text;
    ASSERT_EQ(lathe_session_create(model_, nullptr, &session_, &error_), LATHE_OK) << error_.text;
  }
  void TearDown() override {
    lathe_session_release(&session_);
    lathe_model_release(&model_);
  }

  int64_t Submit(const std::vector<int32_t>& prompt, int64_t num_new,
                 const lathe_sampling* sampling = nullptr) {
    auto asked = Sized<lathe_request>();
    asked.prompt = prompt.data();
    asked.num_prompt = prompt.size();
    asked.max_new_tokens = num_new;
    asked.ignores_stop_ids = 1;
    asked.sampling = sampling;
    int64_t request = 0;
    EXPECT_EQ(lathe_session_submit(session_, &asked, &request, &error_), LATHE_OK) << error_.text;
    return request;
  }

  void RunAll() {
    int32_t has_more = 1;
    while (has_more != 0)
      ASSERT_EQ(lathe_session_step(session_, &has_more, &error_), LATHE_OK) << error_.text;
  }

  void ExpectRefused(lathe_code code, const std::string& words) {
    EXPECT_EQ(code, LATHE_INVALID_ARGUMENT) << words;
    EXPECT_THAT(std::string(error_.text), HasSubstr(words));
  }

  lathe_model* model_ = nullptr;
  lathe_session* session_ = nullptr;
  lathe_error error_ = {};
  size_t count_ = 0;
};

TEST_F(LatheTest, VersionsAndNames) {
  EXPECT_EQ(lathe_abi_version(), LATHE_ABI_VERSION);
  EXPECT_THAT(lathe_version(), ::testing::MatchesRegex("[0-9]+\\.[0-9]+\\.[0-9]+"));
  EXPECT_STREQ(lathe_code_name(LATHE_OUT_OF_RANGE), "OUT_OF_RANGE");
}

TEST_F(LatheTest, CAndCppAgreeOnSizes) {
  const size_t sizes[] = {sizeof(lathe_model_options),  sizeof(lathe_model_info),
                          sizeof(lathe_encode_options), sizeof(lathe_chat_options),
                          sizeof(lathe_sampling),       sizeof(lathe_session_options),
                          sizeof(lathe_request),        sizeof(lathe_event),
                          sizeof(lathe_result),         sizeof(lathe_error)};
  for (int i = 0; i < 10; ++i) EXPECT_EQ(lathe_test_size_in_c(i), sizes[i]) << i;
}

TEST_F(LatheTest, ModelsTellAboutThemselves) {
  auto info = Sized<lathe_model_info>();
  ASSERT_EQ(lathe_model_get_info(model_, &info, &error_), LATHE_OK);
  EXPECT_STREQ(info.name, "toy");
  EXPECT_EQ(info.vocab_size, testing::kToyVocab);
  ASSERT_EQ(lathe_model_describe(model_, nullptr, 0, &count_, &error_), LATHE_OK);
  std::string json(count_ + 1, '\0');
  ASSERT_EQ(lathe_model_describe(model_, json.data(), json.size(), &count_, &error_), LATHE_OK);
  json.resize(count_);
  EXPECT_EQ(nlohmann::json::parse(json, nullptr, false)["model"], "toy");
  auto sampling = Sized<lathe_sampling>();
  ASSERT_EQ(lathe_model_get_sampling(model_, &sampling, &error_), LATHE_OK);
  EXPECT_EQ(sampling.temperature, 0);
  EXPECT_EQ(sampling.top_p, 1);
}

TEST_F(LatheTest, TextBecomesIdsAndBack) {
  int32_t ids[16];
  ASSERT_EQ(lathe_model_encode(model_, "hi<|im_end|>", 12, nullptr, ids, 16, &count_, &error_),
            LATHE_OK);
  EXPECT_THAT(std::vector<int32_t>(ids, ids + count_), ElementsAre('h', 'i', 257));
  char text[32];
  ASSERT_EQ(lathe_model_decode(model_, ids, 3, 0, text, sizeof(text), &count_, &error_), LATHE_OK);
  EXPECT_STREQ(text, "hi<|im_end|>");
  ASSERT_EQ(lathe_model_decode(model_, ids, 3, 1, text, sizeof(text), &count_, &error_), LATHE_OK);
  EXPECT_STREQ(text, "hi");
  const int32_t unknown[] = {-5, 1 << 30, 'x'};
  ASSERT_EQ(lathe_model_decode(model_, unknown, 3, 0, text, sizeof(text), &count_, &error_),
            LATHE_OK);
  EXPECT_STREQ(text, "x");
  EXPECT_EQ(lathe_model_encode(model_, "abc", 3, nullptr, ids, 2, &count_, &error_),
            LATHE_OUT_OF_RANGE);
  EXPECT_EQ(count_, 3u);
  ASSERT_EQ(lathe_model_encode(model_, nullptr, 0, nullptr, nullptr, 0, &count_, &error_),
            LATHE_OK);
  EXPECT_EQ(count_, 0u);
}

TEST_F(LatheTest, ChatsBecomePrompts) {
  char text[128];
  ASSERT_EQ(lathe_model_render_chat(model_, kMessages, nullptr, text, 128, &count_, &error_),
            LATHE_OK);
  EXPECT_STREQ(text, "<|im_start|>user\nhi<|im_end|>\n<|im_start|>assistant\n");
  auto options = Sized<lathe_chat_options>();
  options.is_finished = 1;
  int32_t ids[32];
  ASSERT_EQ(lathe_model_encode_chat(model_, kMessages, &options, ids, 32, &count_, &error_),
            LATHE_OK);
  EXPECT_EQ(count_, 10u);
  ExpectRefused(lathe_model_encode_chat(model_, "[\xff", &options, ids, 32, &count_, &error_),
                "messages_json");
}

TEST_F(LatheTest, ARequestRunsToItsEnd) {
  auto sampling = Sized<lathe_sampling>();
  sampling.num_logprobs = 2;
  const int64_t request = Submit({1, 2, 3}, 5, &sampling);
  auto result = Sized<lathe_result>();
  EXPECT_EQ(lathe_session_get_result(session_, request, &result, &error_),
            LATHE_FAILED_PRECONDITION);
  RunAll();
  const std::vector<int32_t> expected = testing::ToyTokens({1, 2, 3}, 5);
  auto event = Sized<lathe_event>();
  for (int32_t token : expected) {
    ASSERT_EQ(lathe_session_poll(session_, &event, &error_), LATHE_OK);
    EXPECT_EQ(event.kind, LATHE_EVENT_TOKEN);
    EXPECT_EQ(event.request, request);
    EXPECT_EQ(event.token, token);
  }
  ASSERT_EQ(lathe_session_poll(session_, &event, &error_), LATHE_OK);
  EXPECT_EQ(event.kind, LATHE_EVENT_END);
  EXPECT_EQ(event.finish, LATHE_FINISH_LENGTH);
  ASSERT_EQ(lathe_session_poll(session_, &event, &error_), LATHE_OK);
  EXPECT_EQ(event.kind, LATHE_EVENT_NONE);

  ASSERT_EQ(lathe_session_get_result(session_, request, &result, &error_), LATHE_OK);
  EXPECT_EQ(result.num_prompt, 3);
  EXPECT_EQ(result.num_tokens, 5);
  EXPECT_EQ(result.stop_id, -1);
  EXPECT_GT(result.first_token_seconds, 0);
  int32_t tokens[8];
  ASSERT_EQ(lathe_session_get_tokens(session_, request, tokens, 8, &count_, &error_), LATHE_OK);
  EXPECT_EQ(std::vector<int32_t>(tokens, tokens + count_), expected);
  char text[64];
  ASSERT_EQ(lathe_session_get_text(session_, request, text, 64, &count_, &error_), LATHE_OK);
  lathe_logprob logprobs[4];
  ASSERT_EQ(lathe_session_get_logprobs(session_, request, 0, logprobs, 4, &count_, &error_),
            LATHE_OK);
  ASSERT_EQ(count_, 3u);
  EXPECT_EQ(logprobs[0].id, expected[0]);
  EXPECT_EQ(logprobs[1].id, expected[0]) << "greedy";
  EXPECT_EQ(lathe_session_get_logprobs(session_, request, 5, logprobs, 4, &count_, &error_),
            LATHE_OUT_OF_RANGE);
}

TEST_F(LatheTest, CancelAndForget) {
  const int64_t request = Submit({1, 2}, 100);
  EXPECT_EQ(lathe_session_cancel(session_, request, &error_), LATHE_OK);
  RunAll();
  auto result = Sized<lathe_result>();
  ASSERT_EQ(lathe_session_get_result(session_, request, &result, &error_), LATHE_OK);
  EXPECT_EQ(result.finish, LATHE_FINISH_CANCELLED);
  EXPECT_EQ(result.num_tokens, 0);
  EXPECT_EQ(result.first_token_seconds, 0);
  for (int i = 0; i < 2; ++i) EXPECT_EQ(lathe_session_forget(session_, request, &error_), LATHE_OK);
  EXPECT_EQ(lathe_session_get_result(session_, request, &result, &error_), LATHE_NOT_FOUND);
  EXPECT_EQ(lathe_session_get_tokens(session_, -1, nullptr, 0, &count_, &error_), LATHE_NOT_FOUND);
  EXPECT_EQ(lathe_session_get_text(session_, 99, nullptr, 0, &count_, &error_), LATHE_NOT_FOUND);
  EXPECT_EQ(lathe_session_cancel(session_, INT64_MAX, &error_), LATHE_NOT_FOUND);
  EXPECT_THAT(std::string(error_.text), HasSubstr("9223372036854775807"));
}

// A request that leaves nothing to choose fails alone; the session goes on.
TEST_F(LatheTest, AFailedRequestIsNotTheSessions) {
  std::vector<int32_t> all(testing::kToyVocab);
  for (size_t i = 0; i < all.size(); ++i) all[i] = static_cast<int32_t>(i);
  auto sampling = Sized<lathe_sampling>();
  sampling.forbidden_ids = all.data();
  sampling.num_forbidden_ids = all.size();
  const int64_t fails = Submit({1, 2}, 5, &sampling);
  const int64_t works = Submit({1, 2}, 5);
  RunAll();
  auto result = Sized<lathe_result>();
  EXPECT_EQ(lathe_session_get_result(session_, fails, &result, &error_), LATHE_INVALID_ARGUMENT);
  EXPECT_STRNE(error_.text, "");
  ASSERT_EQ(lathe_session_get_result(session_, works, &result, &error_), LATHE_OK);
  EXPECT_STREQ(error_.text, "");
  EXPECT_EQ(result.num_tokens, 5);
}

TEST_F(LatheTest, SamplingOutOfRangeIsRefused) {
  const int32_t prompt[] = {1};
  auto sampling = Sized<lathe_sampling>();
  auto asked = Sized<lathe_request>();
  asked.prompt = prompt;
  asked.num_prompt = 1;
  asked.sampling = &sampling;
  int64_t request = 77;
  for (float wrong : {-1.0f, std::nanf(""), INFINITY}) {
    sampling.temperature = wrong;
    ExpectRefused(lathe_session_submit(session_, &asked, &request, &error_), "temperature");
  }
  sampling.temperature = 0;
  sampling.num_logprobs = 21;
  ExpectRefused(lathe_session_submit(session_, &asked, &request, &error_), "num_logprobs is 21");
  sampling.num_logprobs = 0;
  asked.max_new_tokens = INT64_MIN;
  ExpectRefused(lathe_session_submit(session_, &asked, &request, &error_), "max_new_tokens");
  EXPECT_EQ(request, 77) << "nothing is told of a refused request";
}

TEST_F(LatheTest, NullsAreRefusedByName) {
  lathe_model* model = nullptr;
  ExpectRefused(lathe_model_open(nullptr, nullptr, &model, &error_), "path is NULL");
  ExpectRefused(lathe_model_open("x", nullptr, nullptr, &error_), "model is NULL");
  auto info = Sized<lathe_model_info>();
  ExpectRefused(lathe_model_get_info(nullptr, &info, &error_), "model is NULL");
  ExpectRefused(lathe_model_get_info(model_, nullptr, &error_), "lathe_model_info is NULL");
  ExpectRefused(lathe_model_describe(nullptr, nullptr, 0, &count_, &error_), "model is NULL");
  ExpectRefused(lathe_model_describe(model_, nullptr, 0, nullptr, &error_), "count is NULL");
  ExpectRefused(lathe_model_encode(nullptr, "", 0, nullptr, nullptr, 0, &count_, &error_), "model");
  ExpectRefused(lathe_model_encode(model_, nullptr, 3, nullptr, nullptr, 0, &count_, &error_),
                "text is NULL, but has 3");
  ExpectRefused(lathe_model_decode(nullptr, nullptr, 0, 0, nullptr, 0, &count_, &error_), "model");
  ExpectRefused(lathe_model_decode(model_, nullptr, 1, 0, nullptr, 0, &count_, &error_),
                "ids is NULL");
  ExpectRefused(lathe_model_render_chat(nullptr, kMessages, nullptr, nullptr, 0, &count_, &error_),
                "model");
  ExpectRefused(lathe_model_render_chat(model_, nullptr, nullptr, nullptr, 0, &count_, &error_),
                "messages_json is NULL");
  ExpectRefused(lathe_model_encode_chat(model_, nullptr, nullptr, nullptr, 0, &count_, &error_),
                "messages_json is NULL");
  ExpectRefused(lathe_model_get_sampling(nullptr, nullptr, &error_), "model");
  ExpectRefused(lathe_model_get_sampling(model_, nullptr, &error_), "lathe_sampling is NULL");
  lathe_session* session = nullptr;
  ExpectRefused(lathe_session_create(nullptr, nullptr, &session, &error_), "model is NULL");
  ExpectRefused(lathe_session_create(model_, nullptr, nullptr, &error_), "session is NULL");
  int64_t request = 0;
  auto asked = Sized<lathe_request>();
  ExpectRefused(lathe_session_submit(nullptr, &asked, &request, &error_), "session is NULL");
  ExpectRefused(lathe_session_submit(session_, nullptr, &request, &error_),
                "lathe_request is NULL");
  ExpectRefused(lathe_session_submit(session_, &asked, nullptr, &error_), "request is NULL");
  int32_t has_more = 0;
  ExpectRefused(lathe_session_step(nullptr, &has_more, &error_), "session is NULL");
  ExpectRefused(lathe_session_step(session_, nullptr, &error_), "has_more is NULL");
  auto event = Sized<lathe_event>();
  ExpectRefused(lathe_session_poll(nullptr, &event, &error_), "session is NULL");
  ExpectRefused(lathe_session_poll(session_, nullptr, &error_), "lathe_event is NULL");
  ExpectRefused(lathe_session_cancel(nullptr, 1, &error_), "session is NULL");
  ExpectRefused(lathe_session_forget(nullptr, 1, &error_), "session is NULL");
  auto result = Sized<lathe_result>();
  ExpectRefused(lathe_session_get_result(nullptr, 1, &result, &error_), "session is NULL");
  ExpectRefused(lathe_session_get_tokens(nullptr, 1, nullptr, 0, &count_, &error_), "session");
  ExpectRefused(lathe_session_get_text(nullptr, 1, nullptr, 0, &count_, &error_), "session");
  ExpectRefused(lathe_session_get_logprobs(nullptr, 1, 0, nullptr, 0, &count_, &error_), "session");
  const int64_t ended = Submit({1}, 1);
  RunAll();
  ExpectRefused(lathe_session_get_result(session_, ended, nullptr, &error_),
                "lathe_result is NULL");
  ExpectRefused(lathe_session_get_tokens(session_, ended, nullptr, 0, nullptr, &error_), "count");
  EXPECT_EQ(lathe_model_open(nullptr, nullptr, nullptr, nullptr), LATHE_INVALID_ARGUMENT)
      << "without words";
}

TEST_F(LatheTest, UnsetStructSizesAreRefused) {
  lathe_model_options model_options = {};
  lathe_model* model = nullptr;
  ExpectRefused(lathe_model_open("x", &model_options, &model, &error_), "lathe_model_options is 0");
  EXPECT_EQ(model, nullptr);
  lathe_model_info info = {};
  ExpectRefused(lathe_model_get_info(model_, &info, &error_), "lathe_model_info is 0");
  lathe_encode_options encode = {};
  ExpectRefused(lathe_model_encode(model_, "", 0, &encode, nullptr, 0, &count_, &error_),
                "lathe_encode_options is 0");
  lathe_chat_options chat = {};
  ExpectRefused(lathe_model_render_chat(model_, kMessages, &chat, nullptr, 0, &count_, &error_),
                "lathe_chat_options is 0");
  lathe_sampling sampling = {};
  ExpectRefused(lathe_model_get_sampling(model_, &sampling, &error_), "lathe_sampling is 0");
  lathe_session_options options = {};
  lathe_session* session = nullptr;
  ExpectRefused(lathe_session_create(model_, &options, &session, &error_),
                "lathe_session_options is 0");
  lathe_request asked = {};
  int64_t request = 0;
  ExpectRefused(lathe_session_submit(session_, &asked, &request, &error_), "lathe_request is 0");
  Submit({1}, 1);
  RunAll();
  lathe_event event = {};
  ExpectRefused(lathe_session_poll(session_, &event, &error_), "lathe_event is 0");
  event.struct_size = sizeof(event);
  ASSERT_EQ(lathe_session_poll(session_, &event, &error_), LATHE_OK);
  EXPECT_EQ(event.kind, LATHE_EVENT_TOKEN) << "the refused call took no event";
}

TEST_F(LatheTest, ReleasingTwiceIsNothing) {
  lathe_session_release(&session_);
  EXPECT_EQ(session_, nullptr);
  lathe_session_release(&session_);
  lathe_session_release(nullptr);
  lathe_model_release(&model_);
  EXPECT_EQ(model_, nullptr);
  lathe_model_release(&model_);
  lathe_model_release(nullptr);
}

TEST_F(LatheTest, AModelMayBeReleasedBeforeItsSessions) {
  lathe_model_release(&model_);
  const int64_t request = Submit({1, 2}, 3);
  RunAll();
  int32_t tokens[4];
  ASSERT_EQ(lathe_session_get_tokens(session_, request, tokens, 4, &count_, &error_), LATHE_OK);
  EXPECT_EQ(std::vector<int32_t>(tokens, tokens + count_), testing::ToyTokens({1, 2}, 3));
}

TEST_F(LatheTest, BadFilesAreCodes) {
  lathe_model* model = nullptr;
  EXPECT_EQ(lathe_model_open("/nowhere.lathe", nullptr, &model, &error_), LATHE_NOT_FOUND);
  EXPECT_THAT(std::string(error_.text), HasSubstr("/nowhere.lathe"));
  const std::string foreign = testing::TempFile("x.lathe", std::string(5000, 'x'));
  EXPECT_EQ(lathe_model_open(foreign.c_str(), nullptr, &model, &error_), LATHE_INVALID_ARGUMENT);
  EXPECT_EQ(model, nullptr);
}

}  // namespace
}  // namespace lathe
