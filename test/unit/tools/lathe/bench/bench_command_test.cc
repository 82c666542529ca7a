// `lathe bench` as a user runs it. Nothing here asserts a time.
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "test/support/data.h"
#include "test/support/process.h"
#include "test/support/status_matchers.h"
#include "test/unit/tools/lathe/bench/tiny_problem.h"
#include "test/unit/tools/lathe/model_folder.h"

namespace lathe {
namespace {

using ::testing::AllOf;
using testing::CompiledModel;
using ::testing::HasSubstr;
using ::testing::Not;
using testing::ProcessResult;
using testing::RunTool;

ProcessResult Bench(std::vector<std::string> words) {
  words.insert(words.begin(), "bench");
  return RunTool(std::move(words));
}

TEST(BenchCommandTest, ADispatchOfAnArtifact) {
  ProcessResult run = Bench({CompiledModel(), "--dispatch=mlp.down_proj", "--symbol", "tokens=3",
                             "--repeat=1", "--threads=1", "--read-mib=1", "--no-cold"});
  ASSERT_EQ(run.exit_code, 0) << run.err;
  EXPECT_THAT(run.err, HasSubstr("checked against the interpreter: largest error "));
  EXPECT_THAT(run.out, AllOf(HasSubstr("model.layers.0.mlp.down_proj tokens=3/1 thread/warm"),
                             HasSubstr("of limit, %"), HasSubstr("bound by ")));
}

TEST(BenchCommandTest, EveryDifferentDispatchOfAnArtifact) {
  ProcessResult run = Bench({CompiledModel(), "--dispatches", "--symbol=tokens=2", "--repeat=1",
                             "--threads=1", "--read-mib=1", "--no-cold"});
  ASSERT_EQ(run.exit_code, 0) << run.err;
  EXPECT_THAT(run.out, AllOf(HasSubstr("embed tokens=2/1 thread/warm"),
                             HasSubstr("model.layers.0.mlp.down_proj tokens=2/1 thread/warm"),
                             HasSubstr("lm_head logit_rows=1/1 thread/warm"),
                             Not(HasSubstr("model.layers.1."))));
}

TEST(BenchCommandTest, AProblemFileAndItsReport) {
  testing::TinyProblems problems;
  const std::string dir = testing::TempDir();
  testing::WriteFileOrDie(dir + "/head.mlir", ProblemText(problems.Extract("head")));
  const std::string json = dir + "/head.json";
  ProcessResult run = Bench({dir + "/head.mlir", "--repeat=1", "--threads=1", "--read-mib=1",
                             "--clock=cpu", "--json=" + json});
  ASSERT_EQ(run.exit_code, 0) << run.err;
  EXPECT_THAT(testing::ReadFileOrDie(json), HasSubstr("\"name\": \"head logit_rows=1/1 thread"));
  ProcessResult compared = Bench({"--compare", json, json});
  ASSERT_EQ(compared.exit_code, 0) << compared.err;
  EXPECT_THAT(compared.out, AllOf(HasSubstr("second/first"), HasSubstr("1.000")));
}

TEST(BenchCommandTest, TheMachineAndAModel) {
  const std::string json = testing::TempDir() + "/limits.json";
  ProcessResult limits =
      Bench({"--limits", "--threads=1,2", "--repeat=1", "--read-mib=1", "--json=" + json});
  ASSERT_EQ(limits.exit_code, 0) << limits.err;
  EXPECT_THAT(limits.out, AllOf(HasSubstr("limits/1 thread"), HasSubstr("limits/2 threads"),
                                HasSubstr("fma f32, GFLOP/s")));
  EXPECT_THAT(testing::ReadFileOrDie(json), HasSubstr("\"read_bytes_per_second\""));
  ProcessResult model = Bench({CompiledModel(), "--prefill=20", "--batch=2", "--threads=1",
                               "--repeat=1", "--steps=1", "--context=4", "--read-mib=1"});
  ASSERT_EQ(model.exit_code, 0) << model.err;
  EXPECT_THAT(model.out,
              AllOf(HasSubstr("prefill 20/1 thread"), HasSubstr("decode batch 2/1 thread"),
                    HasSubstr("p99, ms"), HasSubstr("ready to decode, ms")));
}

TEST(BenchCommandTest, TheTableOfPerformanceComesFromAScript) {
  const std::string demo = testing::SourcePath("test/data/demo");
  ProcessResult run =
      testing::RunProcess({testing::SourcePath("tools/dev/performance_table"),
                           "--lathe=" + testing::BinaryPath("lathe"), "--small=" + demo,
                           "--large=" + demo, "--rows=batch,long,start", "--repeat=1", "--steps=1",
                           "--read-mib=1", "--short=32", "--long=64", "--clock=cpu"});
  ASSERT_EQ(run.exit_code, 0) << run.err;
  EXPECT_THAT(run.out, AllOf(HasSubstr("| work | required | goal | measured | limit |"),
                             HasSubstr("| decode batch 8 over batch 1, tokens/s, 0.6B | 4.5 x | "),
                             HasSubstr("| prefill 64 over prefill 32, "),
                             HasSubstr("| ready to decode with warm pages, 0.6B | 80 ms | ")));
}

TEST(BenchCommandTest, WrongUseIsExplained) {
  auto refused = [](std::vector<std::string> words, const std::string& message) {
    ProcessResult run = Bench(std::move(words));
    EXPECT_EQ(run.exit_code, 2) << run.out;
    EXPECT_EQ(run.out, "");
    EXPECT_THAT(run.err, HasSubstr(message));
  };
  refused({}, "what is to be measured?");
  refused({"--limits", "x.lathe"}, "--limits measures the machine");
  refused({"a.json", "b.json"}, "two files go with --compare");
  refused({"--compare", "a.json"}, "--compare takes two reports");
  refused({"x.lathe", "--symbol=tokens=2"}, "--symbol goes with --dispatch");
  refused({"x.mlir", "--symbol=tokens"}, "\"tokens\" is not NAME=N");
  refused({"x.mlir", "--symbol=a=1", "--symbol=a=2"}, "a is given twice");
  refused({"x.mlir", "--dispatch=y"}, "a problem file has one");
  refused({"x.lathe", "--dispatch=y", "--dispatches"}, "give one");
  refused({"x.mlir", "--threads=1,2"}, "a dispatch is measured with one number");
  refused({"x.lathe", "--threads=0"}, "\"0\" is no whole number");
  refused({"x.lathe", "--tolerance=-1"}, "is no number from 0 on");
  EXPECT_THAT(Bench({"--help"}).out, HasSubstr("lathe bench --compare before.json after.json"));
}

TEST(BenchCommandTest, InputsAtFaultAreNamed) {
  auto refused = [](std::vector<std::string> words, const std::string& message) {
    ProcessResult run = Bench(std::move(words));
    EXPECT_EQ(run.exit_code, 1) << run.out << run.err;
    EXPECT_THAT(run.err, AllOf(HasSubstr(message), Not(HasSubstr("LATHE_CHECK"))));
  };
  const std::string dir = testing::TempDir();
  refused({"no-such-file.lathe"}, "no-such-file.lathe");
  refused({CompiledModel(), "--dispatch=mlp.down_prj"}, "did you mean");
  const std::string bare = dir + "/bare.lathe";
  ASSERT_EQ(RunTool({"compile", testing::SourcePath("test/data/golden/qwen3_tied"), "-o", bare,
                     "--no-keep-ir"})
                .exit_code,
            0);
  refused({bare, "--dispatches", "--threads=1"}, "compile without --no-keep-ir");
  testing::WriteFileOrDie(dir + "/bad.mlir", "module {");
  refused({dir + "/bad.mlir", "--threads=1"}, "bad.mlir:1:");
  testing::WriteFileOrDie(dir + "/empty.mlir", "module {}\n");
  refused({dir + "/empty.mlir", "--threads=1"}, "a problem has one");
  testing::WriteFileOrDie(dir + "/bad.json", "[]");
  refused({"--compare", dir + "/bad.json", dir + "/bad.json"}, "bad.json: lathe_bench");
}

}  // namespace
}  // namespace lathe
