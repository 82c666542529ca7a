// All through the real program.
#include "tools/lathe_run/requests_mode.h"

#include <set>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "nlohmann/json.hpp"
#include "test/support/data.h"
#include "test/support/status_matchers.h"
#include "test/unit/tools/lathe_run/toy_text.h"

namespace lathe {
namespace {

using ::lathe::testing::ProcessResult;
using ::lathe::testing::RunLathe;
using ::lathe::testing::TempFile;
using ::lathe::testing::ToyTextModel;
using ::lathe::testing::ToyTokens;
using ::lathe::testing::WriteToyModel;
using ::testing::HasSubstr;
using Json = nlohmann::json;

std::vector<Json> Lines(const std::string& text) {
  std::vector<Json> lines;
  for (absl::string_view line : absl::StrSplit(text, '\n', absl::SkipEmpty())) {
    lines.push_back(Json::parse(line.begin(), line.end(), nullptr, false));
    EXPECT_TRUE(lines.back().is_object()) << line;
  }
  return lines;
}

class RequestsModeTest : public ::testing::Test {
 protected:
  // The results of `file`, and the run in `run_`.
  std::vector<Json> Run(const std::string& file, std::vector<std::string> flags = {}) {
    flags.insert(flags.begin(), {model_, "--requests=" + TempFile("requests.jsonl", file)});
    run_ = RunLathe(flags);
    return Lines(run_.out);
  }

  Tokenizer tokenizer_ = testing::ToyTokenizer();
  std::string model_ = WriteToyModel(ToyTextModel());
  ProcessResult run_;
};

// Many at once, each as if it were alone.
TEST_F(RequestsModeTest, EveryRequestHasTheAnswerThatItHasAlone) {
  std::string file;
  for (int i = 0; i < 60; ++i) {
    absl::StrAppend(&file, "{\"id\":", i, ",\"token_ids\":[", i + 1, ",", 7 * i % 250,
                    "],\"ignore_eos\":true,\"max_tokens\":", 1 + i * 13 % 40, "}\n");
  }
  const std::vector<Json> lines = Run(file, {"--parallel=7"});
  EXPECT_EQ(run_.exit_code, 0) << run_.err;
  ASSERT_EQ(lines.size(), 60u);
  std::set<int> ids;
  bool is_in_order = true;
  for (const Json& line : lines) {
    const int i = line["id"];
    EXPECT_EQ(line["line"], i + 1);
    EXPECT_EQ(line["ids"], ToyTokens({i + 1, 7 * i % 250}, 1 + i * 13 % 40)) << i;
    EXPECT_EQ(line["finish"], "length");
    is_in_order = is_in_order && (ids.empty() || *ids.rbegin() < i);
    ids.insert(i);
  }
  EXPECT_EQ(ids.size(), 60u);
  EXPECT_FALSE(is_in_order) << "shorter ones overtake";
  EXPECT_THAT(run_.err, HasSubstr("lathe-run: 60 requests, 60 answers, 0 failed; reused "));

  const std::vector<Json> ordered = Run(file, {"--parallel=7", "--ordered"});
  ASSERT_EQ(ordered.size(), 60u);
  for (int i = 0; i < 60; ++i) EXPECT_EQ(ordered[static_cast<size_t>(i)]["id"], i);
}

TEST_F(RequestsModeTest, ALineThatIsWrongIsAResultAndTheOthersGoOn) {
  const std::vector<Json> lines =
      Run("{\"id\": \"good\", \"prompt\": \"a\", \"max_tokens\": 2}\n\n"
          "{\"id\": \"bad\", \"prompt\": \"a\", \"temperature\": 500}\n"
          "no json\n"
          "{\"id\": 4, \"token_ids\": [263, 264]}\n" +
              ("{\"prompt\": \"" + std::string((16 << 20) + 1, 'x') + "\"}\n") +
              "{\"id\": \"last\", \"prompt\": \"b\", \"max_tokens\": 2}",
          {"--ordered"});
  EXPECT_EQ(run_.exit_code, 1);
  ASSERT_EQ(lines.size(), 6u) << run_.out;
  EXPECT_EQ(lines[0]["id"], "good");
  EXPECT_EQ(lines[0]["usage"]["new_tokens"], 2);
  EXPECT_EQ(lines[1], Json::parse(R"({"id": "bad", "line": 3, "error": {"field": "temperature",
      "message": "temperature is the number 500, expected a number from 0 to 100"}})"));
  EXPECT_EQ(lines[2]["line"], 4);
  EXPECT_THAT(std::string(lines[2]["error"]["message"]), HasSubstr("not JSON"));
  EXPECT_THAT(std::string(lines[3]["error"]["message"]), HasSubstr("the model's ids go from 0"));
  EXPECT_EQ(lines[4]["error"]["message"], "the line is longer than 16777216 bytes");
  EXPECT_EQ(lines[5]["id"], "last");
  EXPECT_THAT(run_.err, HasSubstr("6 requests, 2 answers, 4 failed"));
  EXPECT_THAT(run_.err, HasSubstr("lathe-run: 4 of 6 requests failed"));
}

TEST_F(RequestsModeTest, FlagsStandForWhatALineLeavesOut) {
  const std::vector<Json> lines =
      Run("{\"prompt\": \"hi\"}\n"
          "{\"prompt\": \"hi\", \"max_tokens\": 5, \"system\": \"t\", \"think\": true}\n"
          "{\"messages\": [{\"role\": \"user\", \"content\": \"hi\"}], \"n\": 2}\n",
          {"--ordered", "--max-new-tokens=3", "--system=s", "--no-think", "--ignore-eos",
           "--temperature=1", "--top-k=1", "--seed=9"});
  EXPECT_EQ(run_.exit_code, 0) << run_.err;
  ASSERT_EQ(lines.size(), 4u);
  auto answer = [this](const std::string& before, const std::string& after, int64_t most) {
    return ToyTokens(tokenizer_.Encode(before + "<|im_start|>user\nhi<|im_end|>\n" +
                                       "<|im_start|>assistant\n" + after),
                     most);
  };
  EXPECT_EQ(lines[0]["ids"], answer("<|im_start|>system\ns<|im_end|>\n", "<think></think>", 3));
  EXPECT_EQ(lines[1]["ids"], answer("<|im_start|>system\nt<|im_end|>\n", "", 5));
  EXPECT_EQ(lines[2]["ids"], answer("", "<think></think>", 3));
  EXPECT_EQ(lines[2]["index"], 0);
  EXPECT_EQ(lines[2]["seed"], 9);
  EXPECT_EQ(lines[3]["index"], 1);
  EXPECT_EQ(lines[3]["seed"], 10);
  EXPECT_FALSE(lines[0].contains("index"));
}

TEST_F(RequestsModeTest, StdinAndAFileOfResults) {
  const std::string out = testing::TempDir() + "/out.jsonl";
  ProcessResult run = RunLathe({model_, "--requests=-", "--output=" + out},
                               {.stdin_text = "{\"prompt\": \"a\", \"max_tokens\": 2}\n"});
  EXPECT_EQ(run.exit_code, 0) << run.err;
  EXPECT_EQ(run.out, "");
  EXPECT_EQ(Lines(testing::ReadFileOrDie(out)).size(), 1u);
  run = RunLathe({model_, "--requests=-", "--output=/no/such/folder/x"});
  EXPECT_EQ(run.exit_code, 1);
  EXPECT_THAT(run.err, HasSubstr("--output: "));
  run = RunLathe({model_, "--requests=/no/such/file"});
  EXPECT_EQ(run.exit_code, 1);
  EXPECT_THAT(run.err, HasSubstr("--requests: cannot open /no/such/file"));
  run = RunLathe({model_, "--requests=-"}, {.stdin_text = "\n"});
  EXPECT_EQ(run.exit_code, 0);
  EXPECT_THAT(run.err, HasSubstr("0 requests"));
}

TEST_F(RequestsModeTest, CtrlCEndsWhatRunsAndKeepsWhatIsThere) {
  testing::ToyModelOptions options = ToyTextModel();
  options.stop_ids = {};
  artifact::Manifest manifest = testing::ToyManifest(options);
  manifest.set_max_context(1 << 24);  // more than it says in any test's time
  const std::string file = TempFile("requests.jsonl",
                                    "{\"id\": 1, \"prompt\": \"a\", \"max_tokens\": 1}\n"
                                    "{\"id\": 2, \"prompt\": \"b\"}\n"
                                    "{\"id\": 3, \"prompt\": \"c\"}\n");
  ProcessResult run =
      RunLathe({WriteToyModel(options, manifest), "--requests=" + file, "--parallel=2"},
               {.interrupts_after_output = true});
  EXPECT_EQ(run.exit_code, 130) << run.err;
  const std::vector<Json> lines = Lines(run.out);
  ASSERT_GE(lines.size(), 2u) << run.out;
  EXPECT_EQ(lines[0]["id"], 1);
  EXPECT_EQ(lines[0]["finish"], "length");
  EXPECT_EQ(lines[1]["finish"], "interrupted");
  EXPECT_GE(lines[1]["usage"]["new_tokens"], 1);
  EXPECT_THAT(run.err, HasSubstr("interrupted; the results so far are written"));
}

TEST_F(RequestsModeTest, AModelWithoutATemplateTakesRawPrompts) {
  testing::ToyModelOptions options = ToyTextModel();
  options.chat_template = "";
  model_ = WriteToyModel(options);
  const std::vector<Json> lines =
      Run("{\"prompt\": \"a\", \"raw\": true, \"max_tokens\": 2}\n{\"prompt\": \"a\"}\n",
          {"--ordered"});
  ASSERT_EQ(lines.size(), 2u);
  EXPECT_EQ(lines[0]["usage"]["prompt_tokens"], 1);
  EXPECT_THAT(std::string(lines[1]["error"]["message"]), HasSubstr("holds no chat template"));
}

TEST_F(RequestsModeTest, AFullDiskEndsIt) {
  const std::string file = TempFile("requests.jsonl", "{\"prompt\": \"a\", \"max_tokens\": 2}\n");
  ProcessResult run = RunLathe({model_, "--requests=" + file}, {.stdout_path = "/dev/full"});
  EXPECT_EQ(run.exit_code, 1);
  EXPECT_THAT(run.err, HasSubstr("cannot write the result to stdout"));
}

}  // namespace
}  // namespace lathe
