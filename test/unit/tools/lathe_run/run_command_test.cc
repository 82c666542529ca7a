#include "tools/lathe_run/run_command.h"

#include "absl/strings/match.h"
#include "test/support/data.h"
#include "test/support/status_matchers.h"
#include "test/unit/tools/lathe_run/toy_text.h"

namespace lathe {
namespace {

using ::lathe::testing::ProcessResult;
using ::lathe::testing::RunLathe;
using ::testing::HasSubstr;
using ::testing::MatchesRegex;

TEST(RunCommandTest, HelpAndVersionAreResults) {
  ProcessResult run = RunLathe({"--help"});
  EXPECT_EQ(run.exit_code, 0);
  EXPECT_THAT(run.out, HasSubstr("usage: lathe-run run ARTIFACT"));
  run = testing::RunProcess({testing::BinaryPath("lathe-run"), "--version"});
  EXPECT_EQ(run.exit_code, 0);
  EXPECT_THAT(run.out, MatchesRegex("lathe-run [0-9.]+\n(.*\n)+"));
  EXPECT_THAT(run.out, ::testing::AllOf(HasSubstr("reads format "), HasSubstr("CPU levels ")));
  EXPECT_THAT(run.out, ::testing::Not(HasSubstr("LLVM")));
}

TEST(RunCommandTest, WrongUseIsExitCodeTwo) {
  auto wrong = [](std::vector<std::string> words, const char* message) {
    ProcessResult run = RunLathe(std::move(words));
    EXPECT_EQ(run.exit_code, 2);
    EXPECT_EQ(run.out, "");
    EXPECT_THAT(run.err, HasSubstr(message));
  };
  wrong({}, "ARTIFACT is missing");
  wrong({"m.lathe"}, "nothing to do");
  wrong({"m.lathe", "--promt=a"}, "unknown flag --promt, did you mean --prompt?");
  wrong({"m.lathe", "--prompt=a", "--threads=0"},
        "--threads: got \"0\", expected a whole number from 1 to 1024");
  ProcessResult run = testing::RunProcess({testing::BinaryPath("lathe-run"), "chat"});
  EXPECT_EQ(run.exit_code, 2);
  EXPECT_THAT(run.err, HasSubstr("unknown command \"chat\""));
}

TEST(RunCommandTest, VerifyReadsEverything) {
  std::string path = testing::WriteToyModel({});
  ProcessResult run = RunLathe({path, "--verify"});
  EXPECT_EQ(run.exit_code, 0) << run.err;
  EXPECT_THAT(run.out, HasSubstr(" verified\n"));
}

TEST(RunCommandTest, DamagedArtifactsAreExitCodeOneWithOneMessage) {
  std::string path = testing::WriteToyModel(testing::ToyTextModel());
  std::string bytes = testing::ReadFileOrDie(path);
  auto refused = [&](const std::string& damaged, std::vector<std::string> words,
                     const char* message) {
    testing::WriteFileOrDie(path, damaged);
    words.insert(words.begin(), path);
    ProcessResult run = RunLathe(std::move(words));
    EXPECT_EQ(run.exit_code, 1);
    EXPECT_EQ(run.out, "");
    EXPECT_THAT(run.err, ::testing::AllOf(HasSubstr(path), HasSubstr(message)));
    EXPECT_EQ(std::count(run.err.begin(), run.err.end(), '\n'), 1) << run.err;
  };
  refused("not an artifact", {"--prompt=a"}, "compile");
  refused(bytes.substr(0, bytes.size() / 2), {"--prompt=a"}, "compile");
  std::string altered = bytes;
  altered[altered.find("{%- for m in messages")] = '!';
  refused(altered, {"--prompt=a"}, "chat_template");
  refused(altered, {"--verify"}, "chat_template");
}

TEST(RunCommandTest, TheTimelineAndTheProfileAreWordsBesideTheResult) {
  const std::string path = testing::WriteToyModel(testing::ToyTextModel());
  const std::string trace = testing::TempDir() + "/trace.json";
  const std::vector<std::string> words = {path, "--prompt=a", "--raw", "--max-new-tokens=6"};
  const ProcessResult plain = RunLathe(words);
  std::vector<std::string> watched = words;
  watched.insert(watched.end(), {"--profile", "--trace=" + trace, "--trace-steps=2"});
  ProcessResult run = RunLathe(watched);
  EXPECT_EQ(run.exit_code, 0) << run.err;
  EXPECT_EQ(run.out, plain.out);
  EXPECT_THAT(run.err, HasSubstr("profile of decode: 6 steps"));
  EXPECT_THAT(run.err, HasSubstr("trace: the first 2 of 6 steps (--trace-steps) in " + trace));
  EXPECT_THAT(testing::ReadFileOrDie(trace), HasSubstr("\"traceEvents\""));
  watched.back() = "--trace=/no/such/folder/t.json";
  watched.erase(watched.end() - 2);
  run = RunLathe(watched);
  EXPECT_EQ(run.exit_code, 1);
  EXPECT_EQ(run.out, plain.out) << "the answer is there all the same";
  EXPECT_THAT(run.err, HasSubstr("--trace: "));
}

TEST(RunCommandTest, TheProcessorsLevelMayBeLimitedAndIsChecked) {
  std::string path = testing::WriteToyModel(testing::ToyTextModel());
  EXPECT_EQ(RunLathe({path, "--prompt=a", "--raw", "--cpu-level=x86-64-v3", "--max-new-tokens=2"})
                .exit_code,
            0);
  ProcessResult run = RunLathe({path, "--prompt=a", "--raw", "--cpu-level=x86-64-v2"});
  EXPECT_EQ(run.exit_code, 1);
  EXPECT_THAT(run.err, HasSubstr("x86-64-v2"));
}

}  // namespace
}  // namespace lathe
