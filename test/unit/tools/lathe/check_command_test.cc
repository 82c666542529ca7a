// `lathe check` on a whole folder; what it finds in broken ones is in bad_model_test.cc.
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "test/unit/tools/lathe/model_folder.h"

namespace lathe {
namespace {

using ::lathe::testing::ModelFolder;
using ::lathe::testing::ProcessResult;
using ::lathe::testing::RunTool;
using ::lathe::testing::TensorOf;
using ::testing::AllOf;
using ::testing::HasSubstr;

TEST(CheckCommandTest, AWholeFolderHasNoProblems) {
  for (const char* name : {"qwen3_tied", "qwen3_untied"}) {
    ModelFolder model(name);
    ProcessResult run = RunTool({"check", model.path()});
    EXPECT_EQ(run.exit_code, 0) << run.err;
    EXPECT_THAT(run.out, AllOf(HasSubstr(": no problems\n"), HasSubstr(": family qwen3, "),
                               HasSubstr("prefix \"model.\", checked in ")));
    EXPECT_EQ(run.err, "");
  }
}

TEST(CheckCommandTest, ValuesAreReadUnlessAskedOtherwise) {
  ModelFolder model;
  std::string bytes;
  model.EditTensors([&](std::vector<SafetensorsTensor>& tensors) {
    TensorView& norm = TensorOf(tensors, "model.norm.weight").view;
    bytes = std::string(norm.bytes);
    bytes.replace(0, 2, "\x80\xff");  // minus infinity in bf16
    norm.bytes = bytes;
  });
  ProcessResult run = RunTool({"check", model.path()});
  EXPECT_EQ(run.exit_code, 1);
  EXPECT_THAT(run.out, HasSubstr("model.norm.weight: 1 of 48 values are not finite"));
  EXPECT_EQ(RunTool({"check", model.path(), "--no-values"}).exit_code, 0);
}

TEST(CheckCommandTest, HelpAndWrongUse) {
  ProcessResult run = RunTool({"check", "--help"});
  EXPECT_EQ(run.exit_code, 0);
  EXPECT_THAT(run.out, HasSubstr("usage: lathe check FOLDER"));
  run = RunTool({"check"});
  EXPECT_EQ(run.exit_code, 2);
  EXPECT_THAT(run.err, HasSubstr("FOLDER is missing"));
  run = RunTool({"check", "m", "n"});
  EXPECT_EQ(run.exit_code, 2);
  EXPECT_THAT(run.err, HasSubstr("\"n\""));
}

TEST(CheckCommandTest, AReportThatIsLostIsAnError) {
  ModelFolder model;
  ProcessResult run = RunTool({"check", model.path()}, {.stdout_path = "/dev/full"});
  EXPECT_EQ(run.exit_code, 1);
  EXPECT_THAT(run.err, HasSubstr("No space left on device"));
}

}  // namespace
}  // namespace lathe
