#include "tools/lathe/bench/problem_program.h"

#include "gtest/gtest.h"
#include "test/support/status_matchers.h"
#include "test/unit/tools/lathe/bench/tiny_problem.h"
#include "tools/lathe/bench/random_numbers.h"

namespace lathe {
namespace {

using ::testing::HasSubstr;
using testing::TinyProblems;

absl::StatusOr<CheckResult> Check(Problem& problem, const TensorSource& weights,
                                  const TensorSource& reference, const SymbolValues& symbols) {
  LATHE_ASSIGN_OR_RETURN(StepOperands step, StepOperands::Make(*problem.module, symbols, 1));
  LATHE_ASSIGN_OR_RETURN(
      auto program,
      ProblemProgram::Build(*problem.module, weights, {.replicate = {.copies = 3}, .threads = 2}));
  return CheckAgainstInterpreter(*problem.module, reference, *program, step, 1);
}

TEST(ProblemProgramTest, EveryDispatchOfAModelAgreesWithTheInterpreter) {
  TinyProblems problems;
  for (Problem& problem : problems.All()) {
    LATHE_ASSERT_OK_AND_ASSIGN(auto weights, RandomWeights::Make(*problem.module, 1));
    LATHE_ASSERT_OK_AND_ASSIGN(
        CheckResult result,
        Check(problem, *weights, *weights,
              {{"tokens", 7}, {"sequences", 3}, {"logit_rows", 2}, {"cached_keys", 210}}));
    EXPECT_LT(result.error, 5e-3) << problem.name << ", " << result.where;
  }
}

TEST(ProblemProgramTest, OtherNumbersAreNoticed) {
  TinyProblems problems;
  Problem head = problems.Extract("head");
  LATHE_ASSERT_OK_AND_ASSIGN(auto weights, RandomWeights::Make(*head.module, 1));
  LATHE_ASSERT_OK_AND_ASSIGN(auto others, RandomWeights::Make(*head.module, 2));
  LATHE_ASSERT_OK_AND_ASSIGN(CheckResult result, Check(head, *weights, *others, {}));
  EXPECT_GT(result.error, 0.1);
  EXPECT_EQ(result.where, "result0");
}

TEST(ProblemProgramTest, TheUnitIsThatOfTheLevel) {
  TinyProblems problems;
  Problem head = problems.Extract("head");
  LATHE_ASSERT_OK_AND_ASSIGN(auto weights, RandomWeights::Make(*head.module, 1));
  LATHE_ASSERT_OK_AND_ASSIGN(auto low,
                             ProblemProgram::Build(*head.module, *weights, {.level = "x86-64-v3"}));
  EXPECT_EQ(low->unit(), ArithmeticUnit::kFmaF32);
  LATHE_ASSERT_OK_AND_ASSIGN(auto own, ProblemProgram::Build(*head.module, *weights, {}));
  const bool has_dots = own->program().feature_level() == "x86-64-v4-bf16";
  EXPECT_EQ(own->unit(), has_dots ? ArithmeticUnit::kDotBF16 : ArithmeticUnit::kFmaF32);
}

TEST(ProblemProgramTest, AProblemWithoutAKernelIsSelectedFirst) {
  TinyProblems problems;
  Problem head = problems.Extract("head");
  LATHE_ASSERT_OK_AND_ASSIGN(auto weights, RandomWeights::Make(*head.module, 1));
  LATHE_ASSERT_OK_AND_ASSIGN(auto chosen, ProblemProgram::Build(*head.module, *weights, {}));
  LATHE_ASSERT_OK_AND_ASSIGN(DispatchOp dispatch, DispatchOfProblem(*head.module));
  dispatch->removeAttr("kernels");
  LATHE_ASSERT_OK_AND_ASSIGN(auto selected, ProblemProgram::Build(*head.module, *weights, {}));
  EXPECT_EQ(selected->kernel(), chosen->kernel());
  EXPECT_THAT(std::string(selected->program().feature_level()), HasSubstr("x86-64-v"));
}

}  // namespace
}  // namespace lathe
