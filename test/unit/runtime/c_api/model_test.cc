#include "runtime/c_api/model.h"

#include "runtime/base/strings.h"
#include "test/support/data.h"
#include "test/support/status_matchers.h"
#include "test/unit/tools/lathe_run/toy_text.h"

namespace lathe::c_api {
namespace {

using ::lathe::testing::StatusIs;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

absl::StatusOr<std::shared_ptr<const Model>> OpenToy(const testing::ToyModelOptions& options) {
  return Model::Open(testing::WriteToyModel(options), {});
}

TEST(ModelTest, SaysWhatItIs) {
  LATHE_ASSERT_OK_AND_ASSIGN(auto model, OpenToy(testing::ToyTextModel()));
  const lathe_model_info info = model->Info();
  EXPECT_STREQ(info.name, "toy");
  EXPECT_STREQ(info.family, "none");
  EXPECT_STREQ(info.precision, "f32");
  EXPECT_STREQ(info.weights, "");
  EXPECT_EQ(info.vocab_size, testing::kToyVocab);
  EXPECT_EQ(info.tokenizer_size, testing::kToyTokenizer);
  EXPECT_EQ(info.max_context, testing::kToyContext);
  EXPECT_EQ(info.num_layers, testing::kToyLayers);
  EXPECT_EQ(info.has_tokenizer, 1);
  EXPECT_EQ(info.has_chat_template, 1);
  EXPECT_EQ(info.has_hidden_states, 1);
  EXPECT_THAT(model->Describe(), HasSubstr(R"("model":"toy")"));
  EXPECT_EQ(model->Sampling().temperature, 0);
}

TEST(ModelTest, ReadsText) {
  LATHE_ASSERT_OK_AND_ASSIGN(auto model, OpenToy(testing::ToyTextModel()));
  EXPECT_THAT(model->Encode("hi<|im_end|>", {}), testing::IsOk());
  EXPECT_THAT(*model->Encode("hi<|im_end|>", {}), ElementsAre('h', 'i', 257));
  EXPECT_EQ(model->Encode("<|im_end|>", {.special_is_text = 1})->size(), 10u);
  EXPECT_THAT(*model->Encode("\xff", {}), ElementsAre(0xef, 0xbf, 0xbd));
}

TEST(ModelTest, RendersChats) {
  LATHE_ASSERT_OK_AND_ASSIGN(auto model, OpenToy(testing::ToyTextModel()));
  const char* messages = R"([{"role": "user", "content": "hi"}])";
  LATHE_ASSERT_OK_AND_ASSIGN(std::string text, model->RenderChat(messages, {}));
  EXPECT_EQ(text, "<|im_start|>user\nhi<|im_end|>\n<|im_start|>assistant\n");
  LATHE_ASSERT_OK_AND_ASSIGN(text, model->RenderChat(messages, {.is_finished = 1}));
  EXPECT_EQ(text, "<|im_start|>user\nhi<|im_end|>\n");
  LATHE_ASSERT_OK_AND_ASSIGN(
      text, model->RenderChat(messages, {.variables_json = R"({"enable_thinking": false})"}));
  EXPECT_THAT(text, ::testing::EndsWith("<think></think>"));
  LATHE_ASSERT_OK_AND_ASSIGN(auto ids, model->EncodeChat(messages, {.is_finished = 1}));
  EXPECT_THAT(ids, ElementsAre(256, 'u', 's', 'e', 'r', '\n', 'h', 'i', 257, '\n'));
}

TEST(ModelTest, BadJsonIsRefusedWithItsPlace) {
  LATHE_ASSERT_OK_AND_ASSIGN(auto model, OpenToy(testing::ToyTextModel()));
  for (const char* bad : {"", "[", "[{\"role\": \"user\", \"role\": \"x\"}]", "[\"\xff\"]"}) {
    EXPECT_THAT(model->RenderChat(bad, {}),
                StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("messages_json")))
        << bad;
  }
  EXPECT_THAT(model->RenderChat(std::string(100000, '['), {}),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("messages_json")));
  EXPECT_THAT(model->RenderChat("{}", {}).status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(model->RenderChat("[]", {.tools_json = "7"}),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("tools")));
  EXPECT_THAT(model->RenderChat("[]", {.variables_json = "{"}),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("variables_json")));
}

TEST(ModelTest, SaysWhatAnArtifactLacks) {
  LATHE_ASSERT_OK_AND_ASSIGN(auto model, OpenToy({.has_probes = false}));
  EXPECT_EQ(model->Info().has_tokenizer, 0);
  EXPECT_EQ(model->Info().has_hidden_states, 0);
  EXPECT_THAT(model->Encode("hi", {}),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("tokenizer.json")));
  EXPECT_THAT(model->RenderChat("[]", {}),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("no chat template")));
}

TEST(ModelTest, BadFilesAreRefused) {
  EXPECT_THAT(Model::Open("/nowhere.lathe", {}),
              StatusIs(absl::StatusCode::kNotFound, HasSubstr("/nowhere.lathe")));
  EXPECT_FALSE(Model::Open(testing::TempFile("x.lathe", "no artifact"), {}).ok());
  std::string bytes = testing::ReadFileOrDie(testing::WriteToyModel(testing::ToyTextModel()));
  const size_t place = bytes.find("enable_thinking");
  ASSERT_NE(place, std::string::npos);
  bytes[place] = 'E';
  EXPECT_THAT(Model::Open(testing::TempFile("y.lathe", bytes), {}),
              StatusIs(absl::StatusCode::kDataLoss, HasSubstr("chat_template")));
  EXPECT_THAT(Model::Open(testing::TempFile("z.lathe", bytes), {.verify = 1}),
              StatusIs(absl::StatusCode::kDataLoss, HasSubstr("chat_template")));
  testing::ToyModelOptions bad_template = testing::ToyTextModel();
  bad_template.chat_template = "{% if";
  EXPECT_THAT(OpenToy(bad_template),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("chat_template:1")));
  testing::ToyModelOptions bad_tokenizer = testing::ToyTextModel();
  bad_tokenizer.tokenizer = "tables";
  EXPECT_THAT(OpenToy(bad_tokenizer).status().message(), HasSubstr("section tokenizer"));
}

}  // namespace
}  // namespace lathe::c_api
