// `lathe compile` through the real program: what it writes, what it refuses, what it leaves behind.
#include <filesystem>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "test/support/data.h"
#include "test/unit/tools/lathe/model_folder.h"

namespace lathe {
namespace {

using ::lathe::testing::ModelFolder;
using ::lathe::testing::ProcessResult;
using ::lathe::testing::ReadFileOrDie;
using ::lathe::testing::RunTool;
using ::lathe::testing::RunToolOnFullDisk;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

// Wrong use is told before any file is read.
void ExpectWrongUse(std::vector<std::string> words, const char* message) {
  words.insert(words.begin(), "compile");
  ProcessResult run = RunTool(std::move(words));
  EXPECT_EQ(run.exit_code, 2);
  EXPECT_EQ(run.out, "");
  EXPECT_THAT(run.err, AllOf(HasSubstr("lathe compile: "), HasSubstr(message)));
}

TEST(CompileCommandTest, HelpIsAResult) {
  ProcessResult run = RunTool({"compile", "--help"});
  EXPECT_EQ(run.exit_code, 0);
  EXPECT_THAT(
      run.out,
      AllOf(HasSubstr("usage: lathe compile FOLDER -o ARTIFACT"),
            HasSubstr("last phase: normalize, place, quantize, fuse, select, lower, plan")));
  EXPECT_EQ(run.err, "");
  run = RunTool({"compile", "--help"}, {.stdout_path = "/dev/full"});
  EXPECT_EQ(run.exit_code, 1) << "help that is lost is an error";
}

TEST(CompileCommandTest, WrongUseIsExitCodeTwo) {
  ExpectWrongUse({}, "FOLDER is missing");
  ExpectWrongUse({"m", "--precison=f32"}, "unknown flag --precison, did you mean --precision?");
  ExpectWrongUse({"m", "--precision=f8"}, "got \"f8\", expected one of checkpoint, bf16, f32");
  ExpectWrongUse({"m", "--target=gpu"},
                 "--target: target \"gpu\" is not known; known are: cpu, cuda:sm_90a");
  ExpectWrongUse({"m", "--target="},
                 "--target: names no machine, expected some of cpu, cuda:sm_90a");
  ExpectWrongUse({"m", "--stop-after=fuze"},
                 "--stop-after: no phase is called \"fuze\"; the phases are normalize, ");
  ExpectWrongUse({"m", "--stop-after=fuze"}, "did you mean fuse?");
  ExpectWrongUse({"m", "--start-from=plan", "--stop-after=fuse"},
                 "--start-from=plan comes after --stop-after=fuse, so no phase would run");
  ExpectWrongUse({"m", "--threads=many"}, "--threads: got \"many\", expected a whole number");
}

TEST(CompileCommandTest, AnUnservedTargetIsNamedWithItsPhase) {
  ModelFolder model;
  ProcessResult run =
      RunTool({"compile", model.path(), "-o", model.output(), "--target=cuda:sm_90a"});
  EXPECT_EQ(run.exit_code, 1);
  EXPECT_THAT(run.err, AllOf(HasSubstr("phase select failed"),
                             HasSubstr("target cuda:sm_90a has no kernel for dispatch"),
                             HasSubstr("compiler/select/candidates.def")));
  // A failed phase leaves the module before it, which enters again, and no artifact.
  EXPECT_THAT(model.Written(), ElementsAre("m.lathe.reproducer.mlir"));
  const std::string reproducer = model.output() + ".reproducer.mlir";
  EXPECT_THAT(ReadFileOrDie(reproducer), HasSubstr("The module before phase select, which failed"));
  run = RunTool({"compile", model.path(), "-o", model.output(), "--module=" + reproducer,
                 "--start-from=select", "--stop-after=select"});
  EXPECT_EQ(run.exit_code, 0) << run.err;
}

TEST(CompileCommandTest, OutputsThatCannotBeWritten) {
  ModelFolder model;
  ProcessResult run = RunTool({"compile", model.path(), "-o", model.path() + "/no/m.lathe"});
  EXPECT_EQ(run.exit_code, 1);
  EXPECT_THAT(run.err,
              HasSubstr("/no/m.lathe: there is no folder " + model.path() + "/no; make it first"));
  run = RunTool({"compile", model.path(), "-o", "/dev/null"});
  EXPECT_EQ(run.exit_code, 1);
  EXPECT_THAT(run.err, HasSubstr("cannot write /dev/null: it is no regular file"));
  EXPECT_TRUE(std::filesystem::is_character_file("/dev/null"));
}

TEST(CompileCommandTest, AFullDiskLeavesNothing) {
  ModelFolder model;
  ProcessResult run = RunToolOnFullDisk(2000, {"compile", model.path(), "-o", model.output()});
  EXPECT_EQ(run.exit_code, 1);
  EXPECT_THAT(run.err, AllOf(HasSubstr("cannot write " + model.output()),
                             HasSubstr("No space left on device"),
                             HasSubstr("free some space or choose another folder")));
  EXPECT_THAT(model.Written(), IsEmpty());
}

// Linking needs a file of its own for a moment.
TEST(CompileCommandTest, AMissingTemporaryFolderIsNotOurFault) {
  ModelFolder model;
  ProcessResult run = testing::RunProcess({"sh", "-c", "TMPDIR=" + model.path() + "/no exec \"$@\"",
                                           "sh", testing::BinaryPath("lathe"), "compile",
                                           model.path(), "-o", model.output()});
  EXPECT_EQ(run.exit_code, 1);
  EXPECT_THAT(run.err,
              AllOf(HasSubstr("phase emit failed: target cpu: "),
                    HasSubstr("cannot make a temporary folder"), HasSubstr("TMPDIR may name")));
  EXPECT_THAT(model.Written(), IsEmpty());
}

TEST(CompileCommandTest, ModulesThatAreNone) {
  ModelFolder model;
  auto refused = [&](const std::string& text, const std::string& phase, const char* message) {
    model.Write("edited.mlir", text);
    ProcessResult run = RunTool({"compile", model.path(), "-o", model.output(),
                                 "--module=" + model.File("edited.mlir"), "--start-from=" + phase});
    EXPECT_EQ(run.exit_code, 1);
    EXPECT_THAT(run.err, HasSubstr(message));
    EXPECT_THAT(model.Written(), IsEmpty());
  };
  refused("func.func @x( {", "select", "edited.mlir:1:");
  refused("module { func.func @step(%x: tensor<?xf32>) { return } }", "select",
          "the module cannot enter at phase select");
}

TEST(CompileCommandTest, WhatQuantisationTookIsReported) {
  ModelFolder model("qwen3_untied");
  ProcessResult run = RunTool({"compile", model.path(), "-o", model.output(), "--embedding=int4"});
  EXPECT_EQ(run.exit_code, 0);
  EXPECT_THAT(run.err, AllOf(HasSubstr("quantised weights; error is"),
                             HasSubstr("int4, groups of 32: 1 tensor, "),
                             HasSubstr("q4g32n16   model.embed_tokens.weight")));
  ProcessResult inspect = RunTool({"inspect", model.output(), "--quantization"});
  EXPECT_EQ(inspect.exit_code, 0);
  EXPECT_THAT(run.err, HasSubstr(inspect.out));
  EXPECT_THAT(inspect.out, HasSubstr("model.embed_tokens.weight"));
  EXPECT_THAT(RunTool({"inspect", model.output()}).out,
              HasSubstr("--group=32 --embedding=int4, source"));
}

}  // namespace
}  // namespace lathe
