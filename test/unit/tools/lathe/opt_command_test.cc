// `lathe opt` as a subcommand; what the passes do is tested in test/lit.
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "test/support/data.h"
#include "test/unit/tools/lathe/model_folder.h"

namespace lathe {
namespace {

using ::lathe::testing::ProcessResult;
using ::lathe::testing::RunTool;
using ::testing::HasSubstr;

TEST(OptCommandTest, ReadsChecksAndPrintsAModule) {
  const std::string path = testing::TempDir() + "/m.mlir";
  testing::WriteFileOrDie(path, "func.func @f() { return }\n");
  ProcessResult run = RunTool({"opt", path, "--canonicalize"});
  EXPECT_EQ(run.exit_code, 0) << run.err;
  EXPECT_THAT(run.out, HasSubstr("func.func @f()"));
}

TEST(OptCommandTest, ABadModuleIsExitCodeOneWithItsPlace) {
  const std::string path = testing::TempDir() + "/m.mlir";
  testing::WriteFileOrDie(path, "func.func @f( {\n");
  ProcessResult run = RunTool({"opt", path});
  EXPECT_EQ(run.exit_code, 1);
  EXPECT_THAT(run.err, HasSubstr(path + ":1:"));
}

TEST(OptCommandTest, HelpListsThePasses) {
  ProcessResult run = RunTool({"opt", "--help"});
  EXPECT_EQ(run.exit_code, 0);
  EXPECT_THAT(run.out, HasSubstr("--lathe-select-kernels"));
}

}  // namespace
}  // namespace lathe
