#include "tools/lathe_run/answer_maker.h"

#include "test/support/data.h"
#include "test/support/status_matchers.h"
#include "test/unit/tools/lathe_run/toy_text.h"

namespace lathe {
namespace {

using ::lathe::testing::StatusIs;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

class AnswerMakerTest : public ::testing::Test {
 protected:
  void SetUp() override {
    LATHE_ASSERT_OK_AND_ASSIGN(artifact::Manifest manifest, Open());
    manifest_ = manifest;
  }
  absl::StatusOr<artifact::Manifest> Open() {
    LATHE_ASSIGN_OR_RETURN(Artifact artifact,
                           Artifact::Open(testing::WriteToyModel(testing::ToyTextModel())));
    LATHE_ASSIGN_OR_RETURN(PromptEncoder encoder, PromptEncoder::Create(artifact));
    artifact_.emplace(std::move(artifact));
    encoder_.emplace(std::move(encoder));
    return artifact_->manifest();
  }
  absl::StatusOr<std::vector<AnswerSpec>> Make(const RequestFields& defaults,
                                               const RequestFields& asked) {
    return AnswerMaker(defaults, manifest_, tokenizer_, *encoder_, 40).Make(asked);
  }
  AnswerSpec One(const RequestFields& defaults, const RequestFields& asked) {
    absl::StatusOr<std::vector<AnswerSpec>> specs = Make(defaults, asked);
    LATHE_EXPECT_OK(specs.status());
    return specs.ok() ? specs->front() : AnswerSpec();
  }

  Tokenizer tokenizer_ = testing::ToyTokenizer();
  std::optional<Artifact> artifact_;
  std::optional<PromptEncoder> encoder_;
  artifact::Manifest manifest_;
};

TEST_F(AnswerMakerTest, NewTokensAreThoseAskedForElseTheModels) {
  auto most = [this](const RequestFields& defaults, const RequestFields& asked) {
    return One(defaults, asked).request.max_new_tokens;
  };
  EXPECT_EQ(most({}, {.token_ids = {1}}), std::nullopt);
  manifest_.mutable_generation()->set_max_new_tokens(7);
  EXPECT_EQ(most({}, {.token_ids = {1}}), 7);
  EXPECT_EQ(most({}, {.token_ids = std::vector<int32_t>(33, 1)}), std::nullopt)
      << "as far as there is room";
  EXPECT_EQ(most({.max_new_tokens = 100}, {.token_ids = {1}}), 100);
  EXPECT_EQ(most({.max_new_tokens = 100}, {.token_ids = {1}, .max_new_tokens = 3}), 3);
}

TEST_F(AnswerMakerTest, ARequestOverrulesTheFlags) {
  const RequestFields flags{.system = "s",
                            .think = false,
                            .reasoning = Reasoning::kHide,
                            .sampling = {.temperature = 1, .seed = 4, .stop = {"x"}}};
  AnswerSpec spec = One(flags, {.prompt = "hi"});
  EXPECT_EQ(tokenizer_.Decode(spec.request.prompt),
            "<|im_start|>system\ns<|im_end|>\n<|im_start|>user\nhi<|im_end|>\n"
            "<|im_start|>assistant\n<think></think>");
  EXPECT_EQ(spec.reasoning, Reasoning::kHide);
  EXPECT_EQ(spec.request.sampling.temperature, 1);
  EXPECT_EQ(spec.request.sampling.seed, 4u);
  EXPECT_THAT(spec.stop, ElementsAre("x"));
  EXPECT_THAT(spec.request.stop_ids, ElementsAre(257));
  EXPECT_TRUE(spec.reply.format.has_think_tags);

  spec = One(flags, {.prompt = "hi",
                     .raw = true,
                     .reasoning = Reasoning::kShow,
                     .sampling = {.temperature = 0, .ignore_eos = true, .stop = {"y"}}});
  EXPECT_EQ(tokenizer_.Decode(spec.request.prompt), "hi");
  EXPECT_EQ(spec.reasoning, Reasoning::kShow);
  EXPECT_EQ(spec.request.sampling.temperature, 0);
  EXPECT_THAT(spec.stop, ElementsAre("y"));
  EXPECT_TRUE(spec.request.stop_ids.empty());
}

TEST_F(AnswerMakerTest, EachOfSeveralAnswersHasASeedOfItsOwn) {
  LATHE_ASSERT_OK_AND_ASSIGN(
      std::vector<AnswerSpec> specs,
      Make({}, {.token_ids = {1}, .n = 3, .sampling = {.temperature = 1, .seed = 7}}));
  ASSERT_EQ(specs.size(), 3u);
  for (size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(specs[i].request.sampling.seed, 7 + i);
    EXPECT_EQ(specs[i].request.prompt, specs[0].request.prompt);
  }
}

TEST_F(AnswerMakerTest, FlagsBecomeFields) {
  const std::string tools = testing::TempFile("tools.json", R"([{"name": "f"}])");
  RunOptions options{.prompt = "hi", .system = "s", .raw = true, .think = true};
  options.max_new_tokens = 5;
  options.reasoning = "json";
  options.num_answers = 2;
  options.tools_file = tools;
  options.sampling.top_k = 3;
  LATHE_ASSERT_OK_AND_ASSIGN(const RequestFields fields, FieldsOf(options));
  EXPECT_EQ(fields.prompt, "hi");
  EXPECT_EQ(fields.system, "s");
  EXPECT_EQ(fields.raw, true);
  EXPECT_EQ(fields.think, true);
  EXPECT_EQ(fields.max_new_tokens, 5);
  EXPECT_EQ(fields.reasoning, Reasoning::kApart);
  EXPECT_EQ(fields.n, 2);
  EXPECT_EQ(fields.tools->list[0]["name"], "f");
  EXPECT_EQ(fields.sampling.top_k, 3);
  testing::WriteFileOrDie(tools, "{}");
  EXPECT_THAT(FieldsOf(options),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("expected a list of tools")));
  options.tools_file = "/no/such/file";
  EXPECT_THAT(FieldsOf(options), StatusIs(absl::StatusCode::kNotFound, HasSubstr("--tools: ")));
}

}  // namespace
}  // namespace lathe
