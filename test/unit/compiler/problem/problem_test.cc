#include "compiler/problem/problem.h"

#include "compiler/pipeline/compile.h"
#include "compiler/pipeline/pipeline.h"
#include "gtest/gtest.h"
#include "mlir/Parser/Parser.h"
#include "test/support/data.h"
#include "test/support/model/tiny_model.h"
#include "test/support/status_matchers.h"

namespace lathe {
namespace {

using ::testing::AllOf;
using testing::Graph;
using ::testing::HasSubstr;
using testing::kTinyModelDispatches;
using testing::kTinyModelKernels;
using testing::RunPhases;
using ::testing::SizeIs;
using testing::StatusIs;
using testing::TinyModel;

// The kernel of a dispatch that went through phase lower.
std::string KernelOf(DispatchOp dispatch) {
  return dispatch->getAttrOfType<mlir::DictionaryAttr>("symbols")
      .getAs<mlir::StringAttr>("cpu")
      .getValue()
      .str();
}

std::map<std::string, std::string> KernelsByName(mlir::ModuleOp module) {
  std::map<std::string, std::string> kernels;
  module.walk([&](DispatchOp dispatch) { kernels[dispatch.getName().str()] = KernelOf(dispatch); });
  return kernels;
}

class ProblemTest : public ::testing::Test {
 protected:
  void SetUp() override { LATHE_ASSERT_OK(RunPhases(*model_, Phase::kPlan)); }

  std::unique_ptr<Graph> model_ = TinyModel();
};

TEST_F(ProblemTest, OneForEachKernelAndEachDispatchOnce) {
  LATHE_ASSERT_OK_AND_ASSIGN(std::vector<Problem> problems, ExtractProblems(model_->module()));
  EXPECT_THAT(problems, SizeIs(kTinyModelKernels));
  const std::map<std::string, std::string> kernels = KernelsByName(model_->module());
  size_t num_dispatches = 0;
  for (const Problem& problem : problems) {
    EXPECT_EQ(problem.name, problem.dispatches.front());
    for (const std::string& name : problem.dispatches)
      EXPECT_EQ(kernels.at(name), kernels.at(problem.name)) << name;
    num_dispatches += problem.dispatches.size();
  }
  EXPECT_EQ(num_dispatches, static_cast<size_t>(kTinyModelDispatches));
}

TEST_F(ProblemTest, ItsFileEntersAtLowerAndBecomesTheSameKernel) {
  const std::map<std::string, std::string> kernels = KernelsByName(model_->module());
  LATHE_ASSERT_OK_AND_ASSIGN(std::vector<Problem> problems, ExtractProblems(model_->module()));
  const std::string dir = testing::TempDir();
  for (const Problem& problem : problems) {
    const std::string path = dir + "/problem.mlir";
    testing::WriteFileOrDie(path, ProblemText(problem));
    LATHE_ASSERT_OK_AND_ASSIGN(auto module, ReadModule(model_->module()->getContext(), path));
    CompileOptions options;
    options.start_from = Phase::kLower;
    LATHE_ASSERT_OK(Compile(*module, model_->weights(), {}, options, dir + "/p.lathe").status())
        << ProblemText(problem);
    LATHE_ASSERT_OK_AND_ASSIGN(DispatchOp dispatch, DispatchOfProblem(*module));
    EXPECT_EQ(KernelOf(dispatch), kernels.at(problem.name)) << ProblemText(problem);
  }
}

TEST_F(ProblemTest, IsFoundByItsNameOrTheEndOfIt) {
  LATHE_ASSERT_OK_AND_ASSIGN(Problem full,
                             ExtractProblem(model_->module(), "layers.3.attn:attention"));
  EXPECT_EQ(full.name, "layers.3.attn:attention");
  LATHE_ASSERT_OK_AND_ASSIGN(Problem end, ExtractProblem(model_->module(), "attn:attention"));
  EXPECT_EQ(end.name, "layers.1.attn:attention");
  EXPECT_THAT(ExtractProblem(model_->module(), "layers.3.attn:attentin"),
              StatusIs(absl::StatusCode::kNotFound,
                       AllOf(HasSubstr("no dispatch is called \"layers.3.attn:attentin\""),
                             HasSubstr("did you mean layers.3.attn:attention?"))));
}

TEST_F(ProblemTest, ItsTextSaysWhatItStandsFor) {
  LATHE_ASSERT_OK_AND_ASSIGN(std::vector<Problem> problems, ExtractProblems(model_->module()));
  std::string attention;
  for (const Problem& problem : problems) {
    if (problem.name == "layers.1.attn:attention") attention = ProblemText(problem);
  }
  EXPECT_THAT(attention, AllOf(HasSubstr("// Dispatch layers.1.attn:attention alone"),
                               HasSubstr("--start-from=lower"), HasSubstr("2 equal dispatches"),
                               HasSubstr("//   layers.3.attn:attention"),
                               HasSubstr("lathe.example = {cached_keys = 512")));
}

TEST_F(ProblemTest, ModulesWithoutADispatchAreRefused) {
  std::unique_ptr<Graph> early = TinyModel();
  EXPECT_THAT(ExtractProblems(early->module()),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("run phase fuse first")));
  EXPECT_THAT(ExtractProblem(early->module(), "x"),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("run phase fuse first")));
}

TEST_F(ProblemTest, ExamplesAreCheckedWhereTheyAreRead) {
  mlir::MLIRContext* context = model_->module()->getContext();
  auto example = [&](const std::string& attribute) {
    auto module = mlir::parseSourceString<mlir::ModuleOp>(
        "module attributes {lathe.example = " + attribute + "} {}", context);
    return ExampleSymbols(*module);
  };
  LATHE_ASSERT_OK_AND_ASSIGN(auto symbols, example("{tokens = 3 : i64, sequences = 2 : i64}"));
  EXPECT_EQ(symbols, (std::map<std::string, int64_t>{{"sequences", 2}, {"tokens", 3}}));
  EXPECT_THAT(example("7 : i64"),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("is no dictionary")));
  for (const char* wrong : {"{tokens = 0 : i64}", "{tokens = -1 : i64}", "{tokens = \"1\"}",
                            "{tokens = 36893488147419103232 : i128}"}) {
    EXPECT_THAT(example(wrong),
                StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("lathe.example: tokens")))
        << wrong;
  }
  LATHE_ASSERT_OK_AND_ASSIGN(auto none, ExampleSymbols(model_->module()));
  EXPECT_TRUE(none.empty());
}

TEST_F(ProblemTest, OnlyAModuleWithOneDispatchIsAProblem) {
  EXPECT_THAT(DispatchOfProblem(model_->module()),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("a problem has one dispatch, @step holds 10")));
  std::unique_ptr<Graph> layers = TinyModel();
  EXPECT_THAT(DispatchOfProblem(layers->module()),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("has one function")));
}

}  // namespace
}  // namespace lathe
