#include "tools/lathe_run/text_mode.h"

#include "nlohmann/json.hpp"
#include "test/support/data.h"
#include "test/support/status_matchers.h"
#include "test/unit/tools/lathe_run/toy_text.h"

namespace lathe {
namespace {

using ::lathe::testing::ProcessResult;
using ::lathe::testing::RunLathe;
using ::lathe::testing::ToyTextModel;
using ::lathe::testing::ToyTokens;
using ::lathe::testing::WriteToyModel;
using ::testing::HasSubstr;

// All through the real program.
class TextModeTest : public ::testing::Test {
 protected:
  static constexpr char kRaw[] = "Ping";

  // What the toy model says after `prompt`, up to its stop id.
  std::vector<int32_t> Answer(absl::string_view prompt, int64_t most) const {
    std::vector<int32_t> tokens = ToyTokens(tokenizer_.Encode(prompt), most);
    tokens.erase(std::find(tokens.begin(), tokens.end(), 257), tokens.end());
    return tokens;
  }
  std::string Text(const std::vector<int32_t>& tokens) const {
    return tokenizer_.Decode(tokens, {.skip_special = true});
  }

  Tokenizer tokenizer_ = testing::ToyTokenizer();
  std::string model_ = WriteToyModel(ToyTextModel());
};

TEST_F(TextModeTest, PrintsTheAnswerAndNothingElse) {
  ProcessResult run = RunLathe({model_, "--prompt", kRaw, "--raw", "--max-new-tokens=40"});
  EXPECT_EQ(run.exit_code, 0) << run.err;
  EXPECT_EQ(run.out, Text(Answer(kRaw, 40)) + "\n");
  EXPECT_EQ(run.err, "");
}

TEST_F(TextModeTest, TheChatTemplateIsUsedByDefault) {
  ProcessResult run = RunLathe({model_, "--prompt=hi", "--no-think", "--max-new-tokens=20"});
  EXPECT_EQ(run.exit_code, 0) << run.err;
  EXPECT_EQ(
      run.out,
      Text(Answer("<|im_start|>user\nhi<|im_end|>\n<|im_start|>assistant\n<think></think>", 20)) +
          "\n");
}

TEST_F(TextModeTest, ThreadsDoNotChangeTheText) {
  std::string expected = Text(Answer(kRaw, 60)) + "\n";
  for (const char* threads : {"--threads=1", "--threads=2", "--threads=5"}) {
    EXPECT_EQ(RunLathe({model_, "--prompt", kRaw, "--raw", "--max-new-tokens=60", threads}).out,
              expected)
        << threads;
  }
}

TEST_F(TextModeTest, StopIdsAndTheContextEndTheAnswer) {
  testing::ToyModelOptions options = ToyTextModel();
  options.stop_ids = {Answer(kRaw, 9).back()};
  ProcessResult run = RunLathe({WriteToyModel(options), "--prompt", kRaw, "--raw", "--json"});
  nlohmann::json json = nlohmann::json::parse(run.out, nullptr, false);
  EXPECT_EQ(json["finish"], "stop");
  EXPECT_LT(json["new_tokens"], 9);

  options.stop_ids = {};
  run = RunLathe({WriteToyModel(options), "--prompt", kRaw, "--raw", "--json", "--context=50"});
  EXPECT_EQ(run.exit_code, 0);
  EXPECT_THAT(run.err, HasSubstr("the answer ends because the context of 50 tokens is full"));
  json = nlohmann::json::parse(run.out, nullptr, false);
  EXPECT_EQ(json["finish"], "context");
  EXPECT_EQ(json["prompt_tokens"], 4);
  EXPECT_EQ(json["ids"].get<std::vector<int32_t>>(), ToyTokens(tokenizer_.Encode(kRaw), 46));

  options.max_new_tokens = 7;  // the model's own limit
  run = RunLathe({WriteToyModel(options), "--prompt", kRaw, "--raw", "--json"});
  json = nlohmann::json::parse(run.out, nullptr, false);
  EXPECT_EQ(json["finish"], "length");
  EXPECT_EQ(json["new_tokens"], 7);
  EXPECT_EQ(json["text"], Text(ToyTokens(tokenizer_.Encode(kRaw), 7)));
}

TEST_F(TextModeTest, VerboseTellsTimesSpeedAndMemory) {
  ProcessResult run =
      RunLathe({model_, "--prompt", kRaw, "--raw", "--max-new-tokens=20", "-vv", "--threads=1"});
  for (const char* part :
       {" ms  artifact (toy, ", " ms  tokenizer (259 tokens)", " ms  until ready",
        "speed: first token after ", "4 prompt tokens", "memory: artifact ", "toy_logits"}) {
    EXPECT_THAT(run.err, HasSubstr(part));
  }
}

TEST_F(TextModeTest, SamplingDefaultsThatAreNotUsedAreReported) {
  artifact::Manifest manifest = testing::ToyManifest(ToyTextModel());
  EXPECT_THAT(RunLathe({model_, "--prompt=a", "--raw", "--max-new-tokens=1", "-v"}).err,
              HasSubstr("choice: greedy\n"));
  manifest.mutable_generation()->set_do_sample(true);
  std::string sampling = WriteToyModel(ToyTextModel(), manifest);
  EXPECT_THAT(RunLathe({sampling, "--prompt=a", "--raw", "--max-new-tokens=1", "-v"}).err,
              HasSubstr("choice: greedy; the model's own defaults ask for sampling"));
}

TEST_F(TextModeTest, AFullDiskIsAnError) {
  ProcessResult run = RunLathe({model_, "--prompt", kRaw, "--raw"}, {.stdout_path = "/dev/full"});
  EXPECT_EQ(run.exit_code, 1);
  EXPECT_THAT(run.err, HasSubstr("cannot write the result to stdout: No space left on device"));
}

TEST_F(TextModeTest, WhatDoesNotFitIsRefusedBeforeAnythingIsPrinted) {
  ProcessResult run = RunLathe({model_, "--raw", "--prompt", std::string(400, 'x')});
  EXPECT_EQ(run.exit_code, 1);
  EXPECT_EQ(run.out, "");
  EXPECT_EQ(run.err,
            "lathe-run: the prompt has 400 tokens, but the context holds 300 tokens (the most that "
            "this model was made for); shorten the prompt\n");
  run = RunLathe({model_, "--raw", "--prompt=abc", "--max-new-tokens=100", "--context=50"});
  EXPECT_EQ(run.exit_code, 1);
  EXPECT_THAT(run.err,
              HasSubstr("the prompt has 3 tokens and 100 new ones are asked for, but the context "
                        "holds 50 tokens; lower "
                        "--max-new-tokens or raise --context (at most 300 for this model)"));
  run = RunLathe({model_, "--raw", "--prompt="});
  EXPECT_EQ(run.exit_code, 1);
  EXPECT_THAT(run.err, HasSubstr("--prompt is empty"));
}

TEST_F(TextModeTest, AnArtifactWithoutATokenizerSaysSo) {
  ProcessResult run = RunLathe({WriteToyModel({}), "--prompt=hi"});
  EXPECT_EQ(run.exit_code, 1);
  EXPECT_THAT(run.err, HasSubstr("the artifact cannot read text; use --ids"));
}

TEST_F(TextModeTest, CtrlCEndsWithWhatThereIs) {
  testing::ToyModelOptions options = ToyTextModel();
  options.stop_ids = {};
  artifact::Manifest manifest = testing::ToyManifest(options);
  manifest.set_max_context(1 << 24);  // more than it says in any test's time
  ProcessResult run = RunLathe({WriteToyModel(options, manifest), "--prompt", kRaw, "--raw"},
                               {.interrupts_after_output = true});
  EXPECT_EQ(run.exit_code, 0);
  EXPECT_EQ(run.err, "lathe-run: interrupted\n");
  ASSERT_FALSE(run.out.empty());
  EXPECT_EQ(run.out.back(), '\n');
  // A character that the end cut off shows as U+FFFD, 3 bytes.
  std::string start = run.out.substr(0, std::min<size_t>(run.out.size() - 1, 11));
  start.resize(start.size() < 3 ? 0 : start.size() - 3);
  EXPECT_EQ(Text(ToyTokens(tokenizer_.Encode(kRaw), 40)).substr(0, start.size()), start);
}

}  // namespace
}  // namespace lathe
