// Logits and hidden states through lathe.h: those of the toy model are known for every row.
#include <cstdlib>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "runtime/c_api/lathe.h"
#include "test/unit/tools/lathe_run/toy_text.h"

namespace lathe {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

class KeptRowsTest : public ::testing::Test {
 protected:
  void SetUp() override {
    asked_.struct_size = sizeof(asked_);
    for (int32_t i = 0; i < 150; ++i) prompt_.push_back(i * 7 % 250);
    asked_.prompt = prompt_.data();
    asked_.num_prompt = prompt_.size();
    asked_.max_new_tokens = 4;
    asked_.ignores_stop_ids = 1;
    Open({});
  }
  void TearDown() override { Close(); }

  void Open(const testing::ToyModelOptions& options) {
    Close();
    ASSERT_EQ(lathe_model_open(testing::WriteToyModel(options).c_str(), nullptr, &model_, nullptr),
              LATHE_OK);
    lathe_session_options session = {};
    session.struct_size = sizeof(session);
    session.threads = 1;
    session.step_rows = 64;  // a prompt takes several steps
    ASSERT_EQ(lathe_session_create(model_, &session, &session_, nullptr), LATHE_OK);
  }
  void Close() {
    lathe_session_release(&session_);
    lathe_model_release(&model_);
  }

  int64_t Run() {
    int64_t request = 0;
    EXPECT_EQ(lathe_session_submit(session_, &asked_, &request, &error_), LATHE_OK) << error_.text;
    RunAll();
    return request;
  }
  void RunAll() {
    int32_t has_more = 1;
    while (has_more != 0)
      ASSERT_EQ(lathe_session_step(session_, &has_more, &error_), LATHE_OK) << error_.text;
  }

  std::vector<float> PromptLogits(int64_t request) {
    size_t count = 0;
    EXPECT_EQ(lathe_session_get_prompt_logits(session_, request, nullptr, 0, &count, &error_),
              LATHE_OK)
        << error_.text;
    std::vector<float> values(count);
    EXPECT_EQ(
        lathe_session_get_prompt_logits(session_, request, values.data(), count, &count, &error_),
        LATHE_OK);
    return values;
  }

  // The toy's logits behind the first `length` of `tokens`.
  static void AppendExpected(const std::vector<int32_t>& tokens, size_t length,
                             std::vector<float>& logits) {
    int64_t sum = static_cast<int64_t>(length) - 1;
    for (size_t i = 0; i < length; ++i) sum += tokens[i];
    const int64_t next = sum % testing::kToyTokenizer;
    for (int64_t id = 0; id < testing::kToyVocab; ++id) {
      logits.push_back(id < testing::kToyTokenizer ? -static_cast<float>(std::abs(id - next)) : 1);
    }
  }

  lathe_model* model_ = nullptr;
  lathe_session* session_ = nullptr;
  lathe_request asked_ = {};
  std::vector<int32_t> prompt_;
  lathe_error error_ = {};
};

TEST_F(KeptRowsTest, LogitsOfTheLastTheLastFewAndAllRows) {
  for (int64_t count : {1, 70, 150, 1000, -1}) {
    asked_.num_prompt_logits = count;
    std::vector<float> expected;
    const size_t first = count > 0 && count < 150 ? 150 - static_cast<size_t>(count) : 0;
    for (size_t row = first; row < 150; ++row) AppendExpected(prompt_, row + 1, expected);
    EXPECT_EQ(PromptLogits(Run()), expected) << count;
  }
}

TEST_F(KeptRowsTest, LogitsOfAPromptAlone) {
  asked_.num_prompt_logits = 1;
  asked_.max_new_tokens = 0;
  asked_.is_prompt_only = 1;
  const int64_t request = Run();
  std::vector<float> expected;
  AppendExpected(prompt_, 150, expected);
  EXPECT_EQ(PromptLogits(request), expected);
  lathe_result result = {};
  result.struct_size = sizeof(result);
  ASSERT_EQ(lathe_session_get_result(session_, request, &result, &error_), LATHE_OK);
  EXPECT_EQ(result.num_tokens, 0);
  EXPECT_EQ(result.finish, LATHE_FINISH_LENGTH);
}

TEST_F(KeptRowsTest, LogitsOfTheTokens) {
  asked_.keeps_token_logits = 1;
  const int64_t request = Run();
  std::vector<int32_t> tokens = prompt_;
  const std::vector<int32_t> made = testing::ToyTokens(prompt_, 4);
  tokens.insert(tokens.end(), made.begin(), made.end());
  std::vector<float> expected;
  for (size_t length = 150; length < 154; ++length) AppendExpected(tokens, length, expected);
  std::vector<float> values(expected.size());
  size_t count = 0;
  ASSERT_EQ(lathe_session_get_token_logits(session_, request, values.data(), values.size(), &count,
                                           &error_),
            LATHE_OK)
      << error_.text;
  EXPECT_EQ(count, expected.size());
  EXPECT_EQ(values, expected);
  EXPECT_EQ(lathe_session_get_token_logits(session_, request, values.data(), 3, &count, &error_),
            LATHE_OUT_OF_RANGE);
}

// The second run could reuse the first one's prompt, but its rows are asked for.
TEST_F(KeptRowsTest, HiddenStatesOfChosenLayers) {
  const int64_t layers[] = {2, 0};
  for (int run = 0; run < 2; ++run) {
    const int64_t request = Run();
    asked_.hidden_layers = layers;
    asked_.num_hidden_layers = 2;
    if (run == 0) {
      EXPECT_EQ(lathe_session_get_hidden(session_, request, 0, nullptr, 0, nullptr, &error_),
                LATHE_FAILED_PRECONDITION);
      EXPECT_THAT(std::string(error_.text), HasSubstr("hidden states of layer 0; name it"));
      continue;
    }
    for (int64_t layer : layers) {
      std::vector<float> values(150 * testing::kToyHidden);
      size_t count = 0;
      ASSERT_EQ(lathe_session_get_hidden(session_, request, layer, values.data(), values.size(),
                                         &count, &error_),
                LATHE_OK)
          << error_.text;
      ASSERT_EQ(count, values.size());
      for (size_t row = 0; row < 150; ++row) {
        ASSERT_EQ(values[row * 3], static_cast<float>(prompt_[row]));
        ASSERT_EQ(values[row * 3 + 1], static_cast<float>(row));
        ASSERT_EQ(values[row * 3 + 2], static_cast<float>(layer));
      }
    }
    EXPECT_EQ(lathe_session_get_hidden(session_, request, 1, nullptr, 0, nullptr, &error_),
              LATHE_FAILED_PRECONDITION);
  }
}

TEST_F(KeptRowsTest, WhatIsNotThereIsRefusedWithTheWayOut) {
  int64_t request = 0;
  int64_t layer = testing::kToyLayers + 1;
  asked_.hidden_layers = &layer;
  asked_.num_hidden_layers = 1;
  EXPECT_EQ(lathe_session_submit(session_, &asked_, &request, &error_), LATHE_INVALID_ARGUMENT);
  EXPECT_STREQ(error_.text, "hidden_layers[0] is 3, expected 0 to 2");
  asked_.hidden_layers = nullptr;
  EXPECT_EQ(lathe_session_submit(session_, &asked_, &request, &error_), LATHE_INVALID_ARGUMENT);
  EXPECT_THAT(std::string(error_.text), HasSubstr("hidden_layers is NULL"));
  asked_.num_hidden_layers = 0;
  asked_.num_prompt_logits = -2;
  EXPECT_EQ(lathe_session_submit(session_, &asked_, &request, &error_), LATHE_INVALID_ARGUMENT);
  EXPECT_THAT(std::string(error_.text), HasSubstr("num_prompt_logits is -2"));

  Open({.has_probes = false});
  layer = 0;
  asked_.hidden_layers = &layer;
  asked_.num_hidden_layers = 1;
  asked_.num_prompt_logits = 0;
  EXPECT_EQ(lathe_session_submit(session_, &asked_, &request, &error_), LATHE_FAILED_PRECONDITION);
  EXPECT_THAT(std::string(error_.text), HasSubstr("compile it with lathe compile --probes"));
}

TEST_F(KeptRowsTest, WhatWasNotAskedForIsSaid) {
  const int64_t request = Run();
  size_t count = 0;
  EXPECT_EQ(lathe_session_get_prompt_logits(session_, request, nullptr, 0, &count, &error_),
            LATHE_FAILED_PRECONDITION);
  EXPECT_THAT(std::string(error_.text), HasSubstr("set num_prompt_logits of its lathe_request"));
  EXPECT_EQ(lathe_session_get_token_logits(session_, request, nullptr, 0, &count, &error_),
            LATHE_FAILED_PRECONDITION);
  EXPECT_THAT(std::string(error_.text), HasSubstr("set keeps_token_logits"));
  EXPECT_EQ(lathe_session_get_prompt_logits(nullptr, 1, nullptr, 0, &count, &error_),
            LATHE_INVALID_ARGUMENT);
  EXPECT_EQ(lathe_session_get_token_logits(nullptr, 1, nullptr, 0, &count, &error_),
            LATHE_INVALID_ARGUMENT);
  EXPECT_EQ(lathe_session_get_hidden(nullptr, 1, 0, nullptr, 0, &count, &error_),
            LATHE_INVALID_ARGUMENT);
  EXPECT_EQ(lathe_session_get_hidden(session_, 99, 0, nullptr, 0, &count, &error_),
            LATHE_NOT_FOUND);
}

// Cancelled in the middle of its prompt: the rows that were computed.
TEST_F(KeptRowsTest, ACancelledRequestHasWhatWasComputed) {
  asked_.num_prompt_logits = -1;
  int64_t request = 0;
  ASSERT_EQ(lathe_session_submit(session_, &asked_, &request, &error_), LATHE_OK);
  int32_t has_more = 0;
  ASSERT_EQ(lathe_session_step(session_, &has_more, &error_), LATHE_OK);
  ASSERT_EQ(lathe_session_cancel(session_, request, &error_), LATHE_OK);
  size_t count = 0;
  EXPECT_EQ(lathe_session_get_prompt_logits(session_, request, nullptr, 0, &count, &error_),
            LATHE_FAILED_PRECONDITION)
      << "has not ended";
  RunAll();
  const std::vector<float> values = PromptLogits(request);
  EXPECT_EQ(values.size(), 64u * testing::kToyVocab);
}

}  // namespace
}  // namespace lathe
