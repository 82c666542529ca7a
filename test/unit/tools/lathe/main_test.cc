// `lathe` itself: its commands, its version, its exit codes.
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "test/unit/tools/lathe/model_folder.h"

namespace lathe {
namespace {

using ::lathe::testing::ProcessResult;
using ::lathe::testing::RunTool;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::MatchesRegex;

TEST(LatheTest, HelpListsTheCommandsAndExitCodes) {
  ProcessResult run = RunTool({"--help"});
  EXPECT_EQ(run.exit_code, 0);
  EXPECT_THAT(run.out,
              AllOf(HasSubstr("\n  compile "), HasSubstr("\n  check "), HasSubstr("\n  inspect "),
                    HasSubstr("\n  bench "), HasSubstr("\n  opt "), HasSubstr("\n  run "),
                    HasSubstr("Exit codes: 0 done, 1 the input's fault, 2 wrong use, 3 ours.")));
  EXPECT_THAT(RunTool({"--version"}).out, MatchesRegex("lathe [0-9.]+\n(.*\n)+"));
}

TEST(LatheTest, WrongUseIsExitCodeTwo) {
  ProcessResult run = RunTool({});
  EXPECT_EQ(run.exit_code, 2);
  EXPECT_THAT(run.err, HasSubstr("usage: lathe COMMAND"));
  run = RunTool({"compil"});
  EXPECT_EQ(run.exit_code, 2);
  EXPECT_THAT(run.err, HasSubstr("unknown command \"compil\", did you mean compile?"));
  run = RunTool({"--target=cpu"});
  EXPECT_EQ(run.exit_code, 2);
  EXPECT_THAT(run.err, HasSubstr("flags of a command follow its name"));
}

}  // namespace
}  // namespace lathe
