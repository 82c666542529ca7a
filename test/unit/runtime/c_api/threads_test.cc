// lathe.h from many threads: the same answers as from one.
#include <atomic>
#include <map>
#include <string>
#include <thread>
#include <vector>

#include "gtest/gtest.h"
#include "runtime/c_api/lathe.h"
#include "test/unit/tools/lathe_run/toy_text.h"

namespace lathe {
namespace {

int64_t Submit(lathe_session* session, const std::vector<int32_t>& prompt, int64_t num_new) {
  lathe_request asked = {};
  asked.struct_size = sizeof(asked);
  asked.prompt = prompt.data();
  asked.num_prompt = prompt.size();
  asked.max_new_tokens = num_new;
  asked.ignores_stop_ids = 1;
  int64_t request = 0;
  lathe_error error;
  EXPECT_EQ(lathe_session_submit(session, &asked, &request, &error), LATHE_OK) << error.text;
  return request;
}

class CApiThreadsTest : public ::testing::Test {
 protected:
  void SetUp() override {
    const std::string path = testing::WriteToyModel(testing::ToyTextModel());
    ASSERT_EQ(lathe_model_open(path.c_str(), nullptr, &model_, nullptr), LATHE_OK);
    lathe_session_options options = {};
    options.struct_size = sizeof(options);
    options.threads = 2;
    ASSERT_EQ(lathe_session_create(model_, &options, &session_, nullptr), LATHE_OK);
  }
  void TearDown() override {
    lathe_session_release(&session_);
    lathe_model_release(&model_);
  }

  std::vector<int32_t> Tokens(int64_t request) {
    size_t count = 0;
    EXPECT_EQ(lathe_session_get_tokens(session_, request, nullptr, 0, &count, nullptr), LATHE_OK);
    std::vector<int32_t> tokens(count);
    EXPECT_EQ(lathe_session_get_tokens(session_, request, tokens.data(), count, &count, nullptr),
              LATHE_OK);
    return tokens;
  }

  lathe_model* model_ = nullptr;
  lathe_session* session_ = nullptr;
};

// Each thread submits, steps, polls and reads; events of a request may reach any of them.
TEST_F(CApiThreadsTest, OneSessionForMany) {
  constexpr int kThreads = 4;
  constexpr int kRequests = 8;
  std::atomic<int> num_ends = 0;
  auto work = [&](int thread) {
    std::map<int64_t, std::vector<int32_t>> expected;
    for (int i = 0; i < kRequests; ++i) {
      const std::vector<int32_t> prompt = {thread + 1, i + 1};
      const int64_t num_new = 3 + (thread + i) % 5;
      expected[Submit(session_, prompt, num_new)] = testing::ToyTokens(prompt, num_new);
      int32_t has_more = 0;
      EXPECT_EQ(lathe_session_step(session_, &has_more, nullptr), LATHE_OK);
    }
    while (num_ends < kThreads * kRequests) {
      int32_t has_more = 0;
      EXPECT_EQ(lathe_session_step(session_, &has_more, nullptr), LATHE_OK);
      lathe_event event = {};
      event.struct_size = sizeof(event);
      do {
        EXPECT_EQ(lathe_session_poll(session_, &event, nullptr), LATHE_OK);
        if (event.kind == LATHE_EVENT_END) ++num_ends;
      } while (event.kind != LATHE_EVENT_NONE);
    }
    for (const auto& [request, tokens] : expected) EXPECT_EQ(Tokens(request), tokens);
  };
  std::vector<std::thread> threads;
  for (int i = 0; i < kThreads; ++i) threads.emplace_back(work, i);
  for (std::thread& thread : threads) thread.join();
}

TEST_F(CApiThreadsTest, CancelFromAnother) {
  const int64_t request = Submit(session_, {1, 2}, 250);
  std::atomic<bool> is_cancelled = false;
  std::thread canceller([&] {
    while (Tokens(request).size() < 3) std::this_thread::yield();
    EXPECT_EQ(lathe_session_cancel(session_, request, nullptr), LATHE_OK);
    is_cancelled = true;
  });
  int32_t has_more = 1;
  lathe_event event = {};
  event.struct_size = sizeof(event);
  while (event.kind != LATHE_EVENT_END) {
    // Slower than the other thread, so that the text is not over before.
    if (Tokens(request).size() >= 3) {
      while (!is_cancelled) std::this_thread::yield();
    }
    ASSERT_EQ(lathe_session_step(session_, &has_more, nullptr), LATHE_OK);
    do {
      ASSERT_EQ(lathe_session_poll(session_, &event, nullptr), LATHE_OK);
    } while (event.kind == LATHE_EVENT_TOKEN);
  }
  canceller.join();
  EXPECT_EQ(event.finish, LATHE_FINISH_CANCELLED);
  EXPECT_EQ(Tokens(request), testing::ToyTokens({1, 2}, 3));
}

TEST_F(CApiThreadsTest, OneModelForMany) {
  auto work = [&] {
    for (int i = 0; i < 50; ++i) {
      const char* messages = "[{\"role\": \"user\", \"content\": \"hello\"}]";
      int32_t ids[64];
      size_t count = 0;
      ASSERT_EQ(lathe_model_encode_chat(model_, messages, nullptr, ids, 64, &count, nullptr),
                LATHE_OK);
      char text[256];
      size_t size = 0;
      ASSERT_EQ(lathe_model_decode(model_, ids, count, 0, text, sizeof(text), &size, nullptr),
                LATHE_OK);
      ASSERT_STREQ(text, "<|im_start|>user\nhello<|im_end|>\n<|im_start|>assistant\n");
    }
  };
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) threads.emplace_back(work);
  for (std::thread& thread : threads) thread.join();
}

}  // namespace
}  // namespace lathe
