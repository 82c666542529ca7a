#include "tools/common/command.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace lathe {
namespace {

using ::testing::HasSubstr;
using ::testing::internal::CaptureStderr;
using ::testing::internal::CaptureStdout;
using ::testing::internal::GetCapturedStderr;
using ::testing::internal::GetCapturedStdout;

int CountWords(absl::Span<const std::string> args) { return 10 + static_cast<int>(args.size()); }

const Tool& TestTool() {
  static const Tool* tool = new Tool{.name = "tool",
                                     .summary = "Does things.",
                                     .commands = {{"compile", "makes a file", CountWords}}};
  return *tool;
}

int RunWords(std::vector<std::string> words) {
  words.insert(words.begin(), "tool");
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(word.data());
  return RunTool(TestTool(), static_cast<int>(argv.size()), argv.data());
}

TEST(CommandTest, PassesTheRemainingWordsOn) {
  EXPECT_EQ(RunWords({"compile", "a", "--help"}), 12);
}

TEST(CommandTest, HelpAndVersionGoToStdout) {
  CaptureStdout();
  EXPECT_EQ(RunWords({"--help"}), kExitDone);
  EXPECT_THAT(GetCapturedStdout(), HasSubstr("  compile      makes a file\n"));
  CaptureStdout();
  EXPECT_EQ(RunWords({"--version"}), kExitDone);
  EXPECT_THAT(
      GetCapturedStdout(),
      ::testing::MatchesRegex("tool [0-9]+\\.[0-9]+\\.[0-9]+\n(.*\n)*kernel ABI.*\n(.*\n)*"));
}

TEST(CommandTest, NothingAtAllIsWrongUse) {
  CaptureStderr();
  EXPECT_EQ(RunWords({}), kExitWrongUse);
  EXPECT_THAT(GetCapturedStderr(), HasSubstr("usage: tool COMMAND"));
}

TEST(CommandTest, UnknownCommandNamesTheNearest) {
  CaptureStderr();
  EXPECT_EQ(RunWords({"complie"}), kExitWrongUse);
  EXPECT_THAT(GetCapturedStderr(), HasSubstr("unknown command \"complie\", did you mean compile?"));
  CaptureStderr();
  EXPECT_EQ(RunWords({"--threads=2"}), kExitWrongUse);
  EXPECT_THAT(GetCapturedStderr(), HasSubstr("flags of a command follow its name"));
}

TEST(CommandTest, FlagsAreReadBeforeTheCommandActs) {
  bool loud = false;
  int calls = 0;
  auto run = [&](const std::vector<std::string>& words) {
    FlagTable flags("tool make", "[flags]", "Makes things.");
    flags.Bool("loud", &loud, "say so");
    return RunWithFlags("tool make", flags, words, [&] {
      ++calls;
      return loud ? 7 : 8;
    });
  };
  EXPECT_EQ(run({"--loud"}), 7);
  CaptureStdout();
  EXPECT_EQ(run({"--help"}), kExitDone);
  EXPECT_THAT(GetCapturedStdout(), HasSubstr("Makes things."));
  CaptureStderr();
  EXPECT_EQ(run({"--quiet"}), kExitWrongUse);
  EXPECT_THAT(GetCapturedStderr(), HasSubstr("tool make: "));
  EXPECT_EQ(calls, 1);
}

TEST(CommandTest, ExitCodesTellWhoseFaultItIs) {
  CaptureStderr();
  EXPECT_EQ(ReportStatus("tool", absl::OkStatus()), kExitDone);
  EXPECT_EQ(ReportStatus("tool", absl::NotFoundError("no such file")), kExitInputFault);
  EXPECT_EQ(ReportStatus("tool", absl::InternalError("oops")), kExitOurFault);
  EXPECT_EQ(ReportWrongUse("tool", absl::InvalidArgumentError("bad flag")), kExitWrongUse);
  EXPECT_EQ(GetCapturedStderr(), "tool: no such file\ntool: oops\ntool: bad flag\n");
}

}  // namespace
}  // namespace lathe
