#include "runtime/c_api/request_reader.h"

#include "test/support/status_matchers.h"
#include "test/support/toy_model.h"

namespace lathe::c_api {
namespace {

using ::lathe::testing::StatusIs;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr int32_t kPrompt[] = {1, 2, 3};

class RequestReaderTest : public ::testing::Test {
 protected:
  absl::StatusOr<AskedRequest> Read() { return ReadRequest(&given_, manifest_, 100); }
  void ExpectRefused(absl::string_view words) {
    EXPECT_THAT(Read(),
                StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr(std::string(words))));
  }

  artifact::Manifest manifest_ = testing::ToyManifest({.max_new_tokens = 20});
  lathe_request given_ = {.struct_size = sizeof(lathe_request), .prompt = kPrompt, .num_prompt = 3};
};

TEST_F(RequestReaderTest, ZeroIsWhatTheModelWasPublishedWith) {
  LATHE_ASSERT_OK_AND_ASSIGN(AskedRequest asked, Read());
  EXPECT_THAT(asked.request.prompt, ElementsAre(1, 2, 3));
  EXPECT_EQ(asked.request.max_new_tokens, 20);
  EXPECT_THAT(asked.request.stop_ids, ElementsAre(257));
  EXPECT_EQ(asked.request.sampling.temperature, 0);
  EXPECT_EQ(asked.request.sampling.top_p, 1);
  EXPECT_FALSE(asked.request.allow_padding_ids);
  EXPECT_THAT(asked.stop_texts, IsEmpty());
  // No room for so many: until the context ends.
  manifest_.mutable_generation()->set_max_new_tokens(500);
  LATHE_ASSERT_OK_AND_ASSIGN(asked, Read());
  EXPECT_EQ(asked.request.max_new_tokens, std::nullopt);
}

TEST_F(RequestReaderTest, FieldsAreTaken) {
  const int32_t stops[] = {7};
  const char* texts[] = {"end", "€"};
  given_.max_new_tokens = 5;
  given_.stop_ids = stops;
  given_.num_stop_ids = 1;
  given_.stop_texts = texts;
  given_.num_stop_texts = 2;
  given_.shows_special = 1;
  LATHE_ASSERT_OK_AND_ASSIGN(AskedRequest asked, Read());
  EXPECT_EQ(asked.request.max_new_tokens, 5);
  EXPECT_THAT(asked.request.stop_ids, ElementsAre(7));
  EXPECT_THAT(asked.stop_texts, ElementsAre("end", "€"));
  EXPECT_TRUE(asked.shows_special);
  given_.ignores_stop_ids = 1;
  given_.max_new_tokens = 0;
  given_.is_prompt_only = 1;
  LATHE_ASSERT_OK_AND_ASSIGN(asked, Read());
  EXPECT_THAT(asked.request.stop_ids, IsEmpty());
  EXPECT_EQ(asked.request.max_new_tokens, 0);
}

TEST_F(RequestReaderTest, SamplingIsTaken) {
  const int32_t ids[] = {4, 5};
  const float values[] = {1.5f, -2};
  lathe_sampling sampling = {.struct_size = sizeof(lathe_sampling),
                             .temperature = 0.5f,
                             .min_p = 0.1f,
                             .top_k = 20,
                             .min_tokens = 2,
                             .seed = 9,
                             .num_logprobs = 3,
                             .bias_ids = ids,
                             .bias_values = values,
                             .num_biases = 2,
                             .forbidden_ids = ids,
                             .num_forbidden_ids = 1};
  given_.sampling = &sampling;
  LATHE_ASSERT_OK_AND_ASSIGN(AskedRequest asked, Read());
  const SamplingParams& params = asked.request.sampling;
  EXPECT_EQ(params.temperature, 0.5f);
  EXPECT_EQ(params.top_p, 1) << "0 is off";
  EXPECT_EQ(params.repetition_penalty, 1) << "0 is off";
  EXPECT_EQ(params.min_p, 0.1f);
  EXPECT_EQ(params.top_k, 20);
  EXPECT_EQ(params.min_tokens, 2);
  EXPECT_EQ(params.seed, 9u);
  EXPECT_EQ(params.num_logprobs, 3);
  ASSERT_EQ(params.logit_bias.size(), 2u);
  EXPECT_EQ(params.logit_bias[1].id, 5);
  EXPECT_EQ(params.logit_bias[1].value, -2);
  EXPECT_THAT(params.allowed_ids, IsEmpty());
  EXPECT_THAT(params.forbidden_ids, ElementsAre(4));

  sampling.reserved = 1;
  ExpectRefused("reserved of lathe_sampling is 1");
  sampling.reserved = 0;
  sampling.bias_values = nullptr;
  ExpectRefused("bias_values is NULL");
  sampling.num_biases = SIZE_MAX;
  ExpectRefused("bias_ids has 18446744073709551615 elements");
  sampling.struct_size = 3;
  ExpectRefused("struct_size of lathe_sampling is 3");
}

TEST_F(RequestReaderTest, KeptRowsAreTaken) {
  const int64_t layers[] = {0, 2};
  given_.num_prompt_logits = 2;
  given_.keeps_token_logits = 1;
  LATHE_ASSERT_OK_AND_ASSIGN(AskedRequest asked, Read());
  EXPECT_EQ(asked.request.last_prompt_logits, 2);
  EXPECT_FALSE(asked.request.keep_prompt_logits);
  EXPECT_TRUE(asked.request.keep_token_logits);
  EXPECT_FALSE(asked.request.computes_prompt);
  given_.num_prompt_logits = -1;
  given_.hidden_layers = layers;
  given_.num_hidden_layers = 2;
  LATHE_ASSERT_OK_AND_ASSIGN(asked, Read());
  EXPECT_TRUE(asked.request.keep_prompt_logits);
  EXPECT_TRUE(asked.request.computes_prompt);
  EXPECT_THAT(asked.hidden_layers, ElementsAre(0, 2));
  given_.num_prompt_logits = -2;
  ExpectRefused("num_prompt_logits is -2");
  given_.num_prompt_logits = 0;
  given_.num_hidden_layers = 4;
  ExpectRefused("hidden_layers has 4 elements, expected at most 3");
}

TEST_F(RequestReaderTest, BadPointersAndNumbersAreRefused) {
  EXPECT_THAT(ReadRequest(nullptr, manifest_, 100),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("lathe_request is NULL")));
  given_.num_prompt = 101;
  ExpectRefused("prompt has 101 elements, expected at most 100");
  given_.num_prompt = 3;
  given_.prompt = nullptr;
  ExpectRefused("prompt is NULL");
  given_.prompt = kPrompt;
  given_.num_stop_ids = 1;
  ExpectRefused("stop_ids is NULL");
  given_.num_stop_ids = 0;
  given_.is_prompt_only = 1;
  given_.max_new_tokens = 3;
  ExpectRefused("is_prompt_only");
  given_.struct_size = 0;
  ExpectRefused("struct_size of lathe_request is 0");
}

TEST_F(RequestReaderTest, StopTextsThatCannotComeAreRefused) {
  const std::string long_text(70000, 'x');
  const struct {
    const char* text;
    const char* words;
  } cases[] = {{nullptr, "stop_texts[0] is NULL"},
               {"", "no bytes"},
               {"\xff", "no UTF-8"},
               {long_text.c_str(), "expected 1 to 65536"}};
  given_.num_stop_texts = 1;
  ExpectRefused("stop_texts is NULL");
  for (const auto& each : cases) {
    given_.stop_texts = &each.text;
    ExpectRefused(each.words);
  }
  given_.num_stop_texts = 5000;
  ExpectRefused("stop_texts has 5000 elements");
}

}  // namespace
}  // namespace lathe::c_api
