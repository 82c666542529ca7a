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
  absl::StatusOr<std::string> Encode(RunOptions options,
                                     const testing::ToyModelOptions& model = ToyTextModel()) {
    LATHE_ASSIGN_OR_RETURN(Artifact artifact, Artifact::Open(testing::WriteToyModel(model)));
    LATHE_ASSIGN_OR_RETURN(std::vector<int32_t> ids, EncodePrompt(options, artifact, tokenizer_));
    ids_ = ids;
    return tokenizer_.Decode(ids);
  }

  Tokenizer tokenizer_ = ToyTokenizer();
  std::vector<int32_t> ids_;
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

TEST_F(PromptTest, WhatIsMissingIsNamed) {
  EXPECT_THAT(Encode({.prompt = "", .raw = true}),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("--prompt is empty")));
  testing::ToyModelOptions model = ToyTextModel();
  model.chat_template = "";
  EXPECT_THAT(Encode({.prompt = "hi"}, model),
              StatusIs(absl::StatusCode::kNotFound, HasSubstr("with --raw")));
  model.chat_template = "{% if %}";
  EXPECT_THAT(Encode({.prompt = "hi"}, model), StatusIs(absl::StatusCode::kInvalidArgument,
                                                        HasSubstr("toy.lathe: chat_template:1")));
}

}  // namespace
}  // namespace lathe
