#include "tools/lathe_run/prompt.h"

#include "test/support/status_matchers.h"
#include "test/unit/tools/lathe_run/toy_text.h"

namespace lathe {
namespace {

using ::lathe::testing::StatusIs;
using ::lathe::testing::ToyTextModel;
using ::lathe::testing::ToyTokenizer;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

class PromptTest : public ::testing::Test {
 protected:
  // The prompt as text again, special tokens spelt out.
  absl::StatusOr<std::string> Encode(const RequestFields& fields,
                                     const testing::ToyModelOptions& model = ToyTextModel()) {
    LATHE_ASSIGN_OR_RETURN(Artifact artifact, Artifact::Open(testing::WriteToyModel(model)));
    LATHE_ASSIGN_OR_RETURN(PromptEncoder encoder, PromptEncoder::Create(artifact));
    LATHE_ASSIGN_OR_RETURN(Prompt prompt, encoder.Encode(fields, tokenizer_));
    ids_ = prompt.ids;
    opens_reasoning_ = prompt.opens_reasoning;
    format_ = encoder.reply_format();
    return tokenizer_.Decode(ids_);
  }

  Tokenizer tokenizer_ = ToyTokenizer();
  std::vector<int32_t> ids_;
  bool opens_reasoning_ = false;
  ReplyFormat format_;
};

TEST_F(PromptTest, TheTemplateOfTheArtifactSurroundsTheMessage) {
  LATHE_ASSERT_OK_AND_ASSIGN(std::string text, Encode({.prompt = "hi"}));
  EXPECT_EQ(text, "<|im_start|>user\nhi<|im_end|>\n<|im_start|>assistant\n");
  EXPECT_EQ(ids_.front(), 256) << "control tokens are tokens, not their spelling";
  EXPECT_EQ(ids_.size(), 1 + 5 + 2 + 1 + 1 + 1 + 10);
}

TEST_F(PromptTest, SystemAndThinkingReachTheTemplate) {
  LATHE_ASSERT_OK_AND_ASSIGN(std::string text,
                             Encode({.prompt = "hi", .system = "be\nbrief", .think = false}));
  EXPECT_EQ(text,
            "<|im_start|>system\nbe\nbrief<|im_end|>\n<|im_start|>user\nhi<|im_end|>\n<|im_start|>"
            "assistant\n"
            "<think></think>");
  LATHE_ASSERT_OK_AND_ASSIGN(text, Encode({.prompt = "hi", .think = true}));
  EXPECT_EQ(text, "<|im_start|>user\nhi<|im_end|>\n<|im_start|>assistant\n");
}

TEST_F(PromptTest, RawIsTheTextAlone) {
  LATHE_ASSERT_OK(Encode({.prompt = "a<|im_end|>b", .raw = true}));
  EXPECT_THAT(ids_, ElementsAre('a', 257, 'b'));
}

TEST_F(PromptTest, TheTemplateTellsTheFormOfAnswersAndWhereTheyStart) {
  LATHE_ASSERT_OK(Encode({.prompt = "what is <think>?"}));
  EXPECT_EQ(format_, (ReplyFormat{.has_think_tags = true}));
  EXPECT_FALSE(opens_reasoning_) << "a tag in a message is no tag of the template";
  testing::ToyModelOptions model = ToyTextModel();
  model.chat_template += "{% if add_generation_prompt %}<think>\n{% endif %}";
  LATHE_ASSERT_OK(Encode({.prompt = "hi"}, model));
  EXPECT_TRUE(opens_reasoning_);
  LATHE_ASSERT_OK(Encode({.prompt = "hi\n<think>", .raw = true}, model));
  EXPECT_TRUE(opens_reasoning_);
  model.chat_template = "{{ messages[0].content }}";
  LATHE_ASSERT_OK(Encode({.prompt = "<think>"}, model));
  EXPECT_EQ(format_, ReplyFormat());
  EXPECT_FALSE(opens_reasoning_);
}

TEST_F(PromptTest, ConversationsOfSeveralMessages) {
  LATHE_ASSERT_OK_AND_ASSIGN(
      std::string text, Encode({.messages = nlohmann::ordered_json{Message("user", "a"),
                                                                   Message("assistant", "b")}}));
  EXPECT_EQ(text,
            "<|im_start|>user\na<|im_end|>\n<|im_start|>assistant\nb<|im_end|>\n"
            "<|im_start|>assistant\n");
}

TEST_F(PromptTest, IdsAreTheirOwnText) {
  LATHE_ASSERT_OK_AND_ASSIGN(std::string text, Encode({.token_ids = {'a', 257, 263}}));
  EXPECT_THAT(ids_, ElementsAre('a', 257, 263));
  EXPECT_FALSE(opens_reasoning_);
  testing::ToyModelOptions model = ToyTextModel();
  model.chat_template += "<think>";
  const std::vector<int32_t> thinking = tokenizer_.Encode("a<think>");
  LATHE_ASSERT_OK(Encode({.token_ids = thinking}, model));
  EXPECT_TRUE(opens_reasoning_);
}

TEST_F(PromptTest, ToolsAndVariablesReachTheTemplate) {
  testing::ToyModelOptions model = ToyTextModel();
  model.chat_template = "{{ tools[0].name }} {{ style }} {{ enable_thinking }}";
  RequestFields fields{.prompt = "hi", .think = true};
  fields.tools = Tools{nlohmann::ordered_json::parse(R"([{"name": "f"}])"), {}};
  fields.template_variables = {{"style", "plain"}};
  LATHE_ASSERT_OK_AND_ASSIGN(std::string text, Encode(fields, model));
  EXPECT_EQ(text, "f plain True");
}

TEST_F(PromptTest, WhatIsMissingIsNamed) {
  EXPECT_THAT(Encode({.prompt = "", .raw = true}),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("the prompt is empty")));
  testing::ToyModelOptions model = ToyTextModel();
  model.chat_template = "";
  EXPECT_THAT(Encode({.prompt = "hi"}, model),
              StatusIs(absl::StatusCode::kNotFound, HasSubstr("with --raw")));
  LATHE_EXPECT_OK(Encode({.prompt = "hi", .raw = true}, model));
  model.chat_template = "{% if %}";
  EXPECT_THAT(Encode({.prompt = "hi"}, model), StatusIs(absl::StatusCode::kInvalidArgument,
                                                        HasSubstr("toy.lathe: chat_template:1")));
  model.chat_template = "{# nothing #}";
  EXPECT_THAT(Encode({.prompt = "hi"}, model),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("makes nothing of")));
}

}  // namespace
}  // namespace lathe
