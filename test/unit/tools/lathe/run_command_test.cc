// `lathe run` and `lathe plan` on what `lathe compile` made: they are lathe-run under another name.
#include <algorithm>
#include <filesystem>
#include <string>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "nlohmann/json.hpp"
#include "test/support/data.h"
#include "test/unit/tools/lathe/model_folder.h"

namespace lathe {
namespace {

using ::lathe::testing::CompiledModel;
using ::lathe::testing::ProcessResult;
using ::lathe::testing::RunTool;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::StartsWith;

void ExpectRefused(const std::vector<std::string>& words, const std::string& message) {
  ProcessResult run = RunTool(words);
  EXPECT_EQ(run.exit_code, 1);
  EXPECT_EQ(run.out, "");
  EXPECT_THAT(run.err, AllOf(StartsWith("lathe-run: "), HasSubstr(message)));
  EXPECT_EQ(std::count(run.err.begin(), run.err.end(), '\n'), 1) << run.err;
}

TEST(RunCommandTest, EqualsLatheRun) {
  const std::string ids = testing::TempDir() + "/ids.json";
  testing::WriteFileOrDie(ids, R"({"prompt_ids": [[1, 2, 3], [4, 5]], "max_new_tokens": 4})");
  ProcessResult run = RunTool({"run", CompiledModel(), "--ids", ids, "--json"});
  EXPECT_EQ(run.exit_code, 0) << run.err;
  EXPECT_THAT(run.out, StartsWith("{\"greedy_ids\":"));
  ProcessResult direct = testing::RunProcess(
      {testing::BinaryPath("lathe-run"), "run", CompiledModel(), "--ids", ids, "--json"});
  EXPECT_EQ(run.out, direct.out);
  EXPECT_EQ(direct.exit_code, 0);
}

TEST(RunCommandTest, PlanEqualsThatOfLatheRun) {
  const ProcessResult run = RunTool({"plan", CompiledModel(), "--memory=1G", "--json"});
  EXPECT_EQ(run.exit_code, 0) << run.err;
  EXPECT_THAT(run.out, StartsWith("{\"context\":512,"));
  EXPECT_EQ(run.out, testing::RunProcess({testing::BinaryPath("lathe-run"), "plan", CompiledModel(),
                                          "--memory=1G", "--json"})
                         .out);
}

// Save, a new process, load, go on: the text and, to the last bit that JSON shows, the logits of a
// run that was never cut.
TEST(RunCommandTest, SessionsGoOnAsOneRun) {
  const std::string file = testing::TempDir() + "/s.session";
  auto run = [](const std::string& prompt, const std::string& flag) {
    const ProcessResult result =
        RunTool({"run", CompiledModel(), "--raw", "--ignore-eos", "--max-new-tokens=12", "--json",
                 "--logprobs=5", "--prompt", prompt, flag});
    EXPECT_EQ(result.exit_code, 0) << result.err;
    return nlohmann::json::parse(result.out, nullptr, false);
  };
  std::string text;
  for (int i = 0; i < 110; ++i) absl::StrAppend(&text, i * 37 % 101, " ");
  const std::string whole = text + "and more";
  const nlohmann::json uncut = run(whole, "--threads=1");
  for (size_t cut : {text.size() / 2, text.size() - 3, text.size()}) {
    run(text.substr(0, cut), "--save-session=" + file);
    const nlohmann::json after = run(whole, "--load-session=" + file);
    EXPECT_GE(after["usage"]["reused"], 64) << cut;
    EXPECT_EQ(after["ids"], uncut["ids"]) << cut;
    EXPECT_EQ(after["logprobs"], uncut["logprobs"]) << cut;
  }
}

TEST(RunCommandTest, PromptsLongerThanTheContext) {
  ExpectRefused({"run", CompiledModel(), "--raw", "--prompt", std::string(3000, 'a')},
                "but the context holds 512 tokens (the most that this model was made for); shorten "
                "the prompt");
  ExpectRefused({"run", CompiledModel(), "--raw", "--prompt", "abc", "--max-new-tokens=600"},
                "600 new ones are asked for, but the context holds 512 tokens");
}

TEST(RunCommandTest, ACpuBelowTheLeastLevel) {
  ExpectRefused({"run", CompiledModel(), "--prompt=a", "--cpu-level=x86-64-v2"},
                "CPU level x86-64-v2 is below x86-64-v3 (it lacks AVX2, FMA, BMI2");
  ExpectRefused({"run", CompiledModel(), "--prompt=a", "--cpu-level=avx2"},
                "CPU level \"avx2\" is unknown, expected x86-64-v3, x86-64-v4 or x86-64-v4-bf16");
}

TEST(RunCommandTest, ArtifactsThatAreDamaged) {
  const std::string whole = testing::ReadFileOrDie(CompiledModel());
  const std::string path = testing::TempDir() + "/damaged.lathe";
  testing::WriteFileOrDie(path, whole.substr(0, whole.size() / 2));
  ExpectRefused({"run", path, "--prompt=a"}, path + ": the file has ");
  testing::WriteFileOrDie(path,
                          "not an artifact, but longer than a header of sixty-four bytes is......");
  ExpectRefused({"run", path, "--prompt=a"}, path + ": not a .lathe file");
  ExpectRefused({"run", path + "x", "--prompt=a"}, "cannot open " + path + "x");
}

TEST(RunCommandTest, AFullDiskLeavesNoDump) {
  const std::string folder = testing::TempDir();
  const std::string ids = testing::TempDir() + "/ids.json";
  testing::WriteFileOrDie(ids, R"({"prompt_ids": [1, 2, 3], "max_new_tokens": 4})");
  ProcessResult run = testing::RunToolOnFullDisk(
      2, {"run", CompiledModel(), "--ids", ids, "--dump-tensors", folder + "/dump.safetensors"});
  EXPECT_EQ(run.exit_code, 1);
  EXPECT_THAT(run.err,
              HasSubstr("cannot write " + folder + "/dump.safetensors: No space left on device"));
  EXPECT_TRUE(std::filesystem::is_empty(folder));
}

TEST(RunCommandTest, WrongUse) {
  ProcessResult run = RunTool({"run", CompiledModel()});
  EXPECT_EQ(run.exit_code, 2);
  EXPECT_THAT(run.err, HasSubstr("nothing to do: give --prompt=TEXT, --chat, --requests=FILE, "
                                 "--ids=FILE, --check or --verify"));
}

}  // namespace
}  // namespace lathe
