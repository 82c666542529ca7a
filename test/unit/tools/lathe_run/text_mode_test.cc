#include "tools/lathe_run/text_mode.h"

#include "absl/strings/str_split.h"
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
  EXPECT_LT(json["usage"]["new_tokens"], 9);

  options.stop_ids = {};
  run = RunLathe({WriteToyModel(options), "--prompt", kRaw, "--raw", "--json", "--context=50"});
  EXPECT_EQ(run.exit_code, 0);
  EXPECT_THAT(run.err, HasSubstr("the answer ends because the context of 50 tokens is full"));
  json = nlohmann::json::parse(run.out, nullptr, false);
  EXPECT_EQ(json["finish"], "context");
  EXPECT_EQ(json["usage"]["prompt_tokens"], 4);
  EXPECT_EQ(json["ids"].get<std::vector<int32_t>>(), ToyTokens(tokenizer_.Encode(kRaw), 46));

  options.max_new_tokens = 7;  // the model's own limit
  run = RunLathe({WriteToyModel(options), "--prompt", kRaw, "--raw", "--json"});
  json = nlohmann::json::parse(run.out, nullptr, false);
  EXPECT_EQ(json["finish"], "length");
  EXPECT_EQ(json["usage"]["new_tokens"], 7);
  EXPECT_EQ(json["text"], Text(ToyTokens(tokenizer_.Encode(kRaw), 7)));
}

TEST_F(TextModeTest, ReasoningIsShownHiddenOrApart) {
  testing::ToyModelOptions options = ToyTextModel();
  options.chat_template += "{% if add_generation_prompt %}<think>\n{% endif %}";
  const std::string model = WriteToyModel(options);
  // The model never ends its reasoning.
  const std::string text =
      Text(Answer("<|im_start|>user\nhi<|im_end|>\n<|im_start|>assistant\n<think>\n", 20));
  auto run = [&model](const char* reasoning) {
    ProcessResult result = RunLathe({model, "--prompt=hi", "--max-new-tokens=20", reasoning});
    EXPECT_EQ(result.exit_code, 0) << result.err;
    return result.out;
  };
  EXPECT_EQ(run("--reasoning=show"), "<think>\n" + text + "\n");
  EXPECT_EQ(run("--reasoning=hide"), "\n");
  nlohmann::json json = nlohmann::json::parse(run("--reasoning=json"), nullptr, false);
  EXPECT_EQ(json["reasoning"], text);
  EXPECT_EQ(json["text"], "");
  EXPECT_EQ(json["tool_calls"], nlohmann::json::array());
  json = nlohmann::json::parse(run("--json"), nullptr, false);
  EXPECT_EQ(json["text"], text) << "as the model wrote it";
  EXPECT_FALSE(json.contains("reasoning"));
}

TEST_F(TextModeTest, VerboseTellsTimesSpeedAndMemory) {
  ProcessResult run =
      RunLathe({model_, "--prompt", kRaw, "--raw", "--max-new-tokens=20", "-vv", "--threads=1"});
  EXPECT_THAT(run.err, HasSubstr("choice: greedy\n"));
  for (const char* part :
       {"  artifact mapped (toy)", "  tokenizer (259 tokens)", "  chat template", "  until ready",
        "speed: first token after ", "reused 0 of 4 prompt tokens, read 4 at ", " in memory\n",
        "memory: artifact ", "toy_logits"}) {
    EXPECT_THAT(run.err, HasSubstr(part));
  }
}

// A model that was published with sampling; logits of the toy fall by 1 from id to id.
std::string SampledModel() {
  artifact::Manifest manifest = testing::ToyManifest(ToyTextModel());
  manifest.mutable_generation()->set_do_sample(true);
  manifest.mutable_generation()->set_temperature(8);
  manifest.mutable_generation()->set_top_p(1);
  return WriteToyModel(ToyTextModel(), manifest);
}

TEST_F(TextModeTest, ASeedGivesItsText) {
  auto text = [this](std::vector<std::string> more) {
    more.insert(more.begin(),
                {model_, "--prompt", kRaw, "--raw", "--max-new-tokens=40", "--ignore-eos"});
    ProcessResult run = RunLathe(more);
    EXPECT_EQ(run.exit_code, 0) << run.err;
    return run.out;
  };
  const std::string seven = text({"--temperature=8", "--seed=7"});
  EXPECT_EQ(text({"--temperature=8", "--seed=7", "--threads=3"}), seven);
  EXPECT_NE(text({"--temperature=8", "--seed=8"}), seven);
  EXPECT_EQ(text({"--temperature=8", "--top-k=1", "--seed=7"}), text({}));
  EXPECT_EQ(text({"--temperature=8", "--top-p=0", "--seed=7"}), text({}));
  EXPECT_NE(text({"--presence-penalty=2"}), text({}));
}

TEST_F(TextModeTest, TheModelsOwnDefaultsAreUsedAndTold) {
  const std::string model = SampledModel();
  ProcessResult run =
      RunLathe({model, "--prompt", kRaw, "--raw", "--max-new-tokens=20", "--json", "-v"});
  nlohmann::json json = nlohmann::json::parse(run.out, nullptr, false);
  ASSERT_TRUE(json["seed"].is_number()) << run.out << run.err;
  const std::string seed = json["seed"].dump();
  EXPECT_THAT(run.err, HasSubstr("choice: temperature 8, seed " + seed + "\n"));
  run = RunLathe(
      {model, "--prompt", kRaw, "--raw", "--max-new-tokens=20", "--json", "--seed=" + seed});
  EXPECT_EQ(nlohmann::json::parse(run.out, nullptr, false)["ids"], json["ids"]);

  run =
      RunLathe({model, "--prompt", kRaw, "--raw", "--max-new-tokens=20", "--temperature=0", "-v"});
  EXPECT_EQ(run.out, Text(Answer(kRaw, 20)) + "\n");
  EXPECT_THAT(run.err, HasSubstr("choice: greedy\n"));
}

TEST_F(TextModeTest, FiltersOnAGreedyModelSayWhatIsMissing) {
  ProcessResult run = RunLathe({model_, "--prompt", kRaw, "--raw", "--top-p=0.9"});
  EXPECT_EQ(run.exit_code, 1);
  EXPECT_EQ(run.out, "");
  EXPECT_THAT(run.err, HasSubstr("this model is greedy by default; add a temperature of 1"));
}

TEST_F(TextModeTest, StopTextsEndTheAnswerAndAreNotShown) {
  const std::string whole = Text(Answer(kRaw, 40));
  size_t at = 1;  // of a character that a shell would type
  while (at < whole.size() && (whole[at] < 'A' || whole[at] > 'z')) ++at;
  ASSERT_LT(at, whole.size()) << whole;
  const std::string stop = whole.substr(at, 1);
  const std::string expected = whole.substr(0, whole.find(stop));
  ProcessResult run = RunLathe({model_, "--prompt", kRaw, "--raw", "--max-new-tokens=40",
                                "--stop=not in there", "--stop", stop});
  EXPECT_EQ(run.exit_code, 0);
  EXPECT_EQ(run.out, expected + "\n");
  EXPECT_EQ(run.err, "") << "this is no interruption";
  run = RunLathe(
      {model_, "--prompt", kRaw, "--raw", "--max-new-tokens=40", "--stop", stop, "--json"});
  nlohmann::json json = nlohmann::json::parse(run.out, nullptr, false);
  EXPECT_EQ(json["finish"], "stop");
  EXPECT_EQ(json["text"], expected);
  EXPECT_LT(json["usage"]["new_tokens"], 40);
  const std::string tokens = json["usage"]["new_tokens"].dump();
  run = RunLathe({model_, "--prompt", kRaw, "--raw", "--max-new-tokens=40", "--stop", stop,
                  "--min-tokens=" + tokens});
  EXPECT_GT(run.out.size(), expected.size() + 1) << "the text of the first tokens is not searched";
}

TEST_F(TextModeTest, TheModelsEndCanBeIgnoredOrPutOff) {
  testing::ToyModelOptions options = ToyTextModel();
  const std::vector<int32_t> free = ToyTokens(tokenizer_.Encode(kRaw), 12);
  options.stop_ids = {free[3]};
  const std::string model = WriteToyModel(options);
  auto ids = [&](const std::vector<std::string>& more) {
    std::vector<std::string> words = {model,   "--prompt", kRaw, "--raw", "--max-new-tokens=12",
                                      "--json"};
    words.insert(words.end(), more.begin(), more.end());
    nlohmann::json json = nlohmann::json::parse(RunLathe(words).out, nullptr, false);
    return json["ids"].get<std::vector<int32_t>>();
  };
  EXPECT_LE(ids({}).size(), 3u);
  EXPECT_EQ(ids({"--ignore-eos"}), free);
  EXPECT_GE(ids({"--min-tokens=8"}).size(), 8u);
}

TEST_F(TextModeTest, LogprobsAndBiases) {
  ProcessResult run = RunLathe({model_, "--prompt", kRaw, "--raw", "--max-new-tokens=2", "--json",
                                "--logprobs=3", "--ignore-eos"});
  nlohmann::json json = nlohmann::json::parse(run.out, nullptr, false);
  ASSERT_EQ(json["logprobs"].size(), 2u) << run.out << run.err;
  EXPECT_FALSE(json.contains("seed")) << "greedy";
  const nlohmann::json& first = json["logprobs"][0];
  EXPECT_EQ(first["id"], json["ids"][0]);
  ASSERT_EQ(first["top"].size(), 3u);
  EXPECT_EQ(first["top"][0]["id"], first["id"]);
  EXPECT_EQ(first["top"][0]["logprob"], first["logprob"]);
  EXPECT_LT(first["top"][1]["logprob"], first["top"][0]["logprob"]);
  EXPECT_EQ(first["text"], Text({json["ids"][0].get<int32_t>()}));

  run = RunLathe({model_, "--prompt", kRaw, "--raw", "--max-new-tokens=1", "--json",
                  "--logit-bias=" + json["ids"][0].dump() + ":-100"});
  EXPECT_EQ(nlohmann::json::parse(run.out, nullptr, false)["ids"][0], first["top"][1]["id"]);
  run = RunLathe({model_, "--prompt", kRaw, "--raw", "--logit-bias=264:1"});
  EXPECT_EQ(run.exit_code, 1);
  EXPECT_THAT(run.err, HasSubstr("logit_bias[0] is 264, but the model's ids go from 0 to 263"));
}

TEST_F(TextModeTest, SeveralAnswersHaveSeedsInARow) {
  const std::vector<std::string> words = {
      model_, "--prompt", kRaw, "--raw", "--max-new-tokens=12", "--ignore-eos", "--temperature=8"};
  std::vector<std::string> alone;
  for (const char* seed : {"--seed=7", "--seed=8", "--seed=9"}) {
    std::vector<std::string> one = words;
    one.emplace_back(seed);
    alone.push_back(RunLathe(one).out);
  }
  std::vector<std::string> three = words;
  three.insert(three.end(), {"--seed=7", "--n=3"});
  ProcessResult run = RunLathe(three);
  EXPECT_EQ(run.exit_code, 0) << run.err;
  EXPECT_EQ(run.out, alone[0] + "\n" + alone[1] + "\n" + alone[2]);
  three.emplace_back("--json");
  run = RunLathe(three);
  std::vector<std::string> lines = absl::StrSplit(run.out, '\n', absl::SkipEmpty());
  ASSERT_EQ(lines.size(), 3u);
  for (size_t i = 0; i < 3; ++i) {
    nlohmann::json json = nlohmann::json::parse(lines[i], nullptr, false);
    EXPECT_EQ(json["index"], i);
    EXPECT_EQ(json["seed"], 7 + i);
    EXPECT_EQ(std::string(json["text"]) + "\n", alone[i]);
  }
}

TEST_F(TextModeTest, ToolsReachTheTemplate) {
  testing::ToyModelOptions options = ToyTextModel();
  options.chat_template = "{{ tools[0].name }}";
  const std::string tools = testing::TempFile("tools.json", R"([{"name": "fetch"}])");
  ProcessResult run = RunLathe(
      {WriteToyModel(options), "--prompt=hi", "--tools=" + tools, "--max-new-tokens=4", "--json"});
  nlohmann::json json = nlohmann::json::parse(run.out, nullptr, false);
  EXPECT_EQ(json["usage"]["prompt_tokens"], 5) << run.err;
  run = RunLathe({model_, "--prompt=hi", "--tools=/no/such/file"});
  EXPECT_EQ(run.exit_code, 1);
  EXPECT_THAT(run.err, HasSubstr("--tools: "));
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
  EXPECT_THAT(run.err, HasSubstr("the prompt is empty"));
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
