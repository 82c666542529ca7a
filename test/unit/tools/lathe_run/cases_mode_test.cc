#include "tools/lathe_run/cases_mode.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "test/support/status_matchers.h"
#include "test/unit/tools/lathe_run/toy_text.h"

namespace lathe {
namespace {

using ::lathe::testing::ProcessResult;
using ::lathe::testing::RunLathe;
using ::lathe::testing::ToyTokens;
using ::lathe::testing::WriteToyModel;
using ::testing::HasSubstr;

std::string Case(absl::string_view name, absl::string_view prompt, absl::string_view greedy) {
  return absl::StrCat("{\"name\": \"", name, "\", \"prompt_ids\": ", prompt,
                      ", \"greedy_ids\": ", greedy, ", \"kind\": \"text\"}");
}
std::string List(const std::vector<int32_t>& ids) {
  return absl::StrCat("[", absl::StrJoin(ids, ", "), "]");
}

std::string ModelWith(std::string cases) {
  return WriteToyModel({.padding_wins = false, .cases = std::move(cases)});
}

TEST(CasesModeTest, RightCasesPass) {
  std::string cases = absl::StrCat(
      "[", Case("short", "[1, 2]", List(ToyTokens({1, 2}, 20))), ", ",
      Case("batch", "[[5], [6, 7]]",
           absl::StrCat("[", List(ToyTokens({5}, 3)), ", ", List(ToyTokens({6, 7}, 4)), "]")),
      "]");
  ProcessResult run = RunLathe({ModelWith(cases), "--check", "--verify"});
  EXPECT_EQ(run.exit_code, 0) << run.err;
  EXPECT_EQ(run.out,
            "ok     short: 20 tokens as expected\nok     batch[0]: 3 tokens as expected\nok     "
            "batch[1]: 4 tokens as expected\n");
  EXPECT_EQ(run.err, "");
}

TEST(CasesModeTest, ADifferenceIsShownAndIsExitCodeOne) {
  std::vector<int32_t> wrong = ToyTokens({1, 2}, 5);
  int32_t right = wrong[3];
  wrong[3] = (right + 1) % 259;
  std::string cases = absl::StrCat("[", Case("good", "[3]", List(ToyTokens({3}, 2))), ", ",
                                   Case("bad", "[1, 2]", List(wrong)), "]");
  ProcessResult run = RunLathe({ModelWith(cases), "--check"});
  EXPECT_EQ(run.exit_code, 1);
  EXPECT_EQ(run.out, absl::StrCat("ok     good: 2 tokens as expected\nWRONG  bad: token 3 is ",
                                  right, ", expected ", wrong[3], "\n"));
  EXPECT_THAT(run.err, HasSubstr("1 of 2 cases differ from what the compiler expected"));
  run = RunLathe({ModelWith(cases), "--check", "--json"});
  EXPECT_EQ(run.exit_code, 1);
  EXPECT_THAT(
      run.out,
      HasSubstr(
          R"({"cases":[{"name":"good","ok":true,"message":"2 tokens as expected"},{"name":"bad","ok":false)"));
}

TEST(CasesModeTest, DamagedOrMissingCasesAreNamed) {
  auto refused = [](const std::string& model, const char* message) {
    ProcessResult run = RunLathe({model, "--check"});
    EXPECT_EQ(run.exit_code, 1);
    EXPECT_EQ(run.out, "");
    EXPECT_THAT(run.err, HasSubstr(message));
  };
  refused(WriteToyModel({}), "holds no test cases to check");
  refused(ModelWith("{}"), "section cases is an object");
  refused(ModelWith("[]"), "expected a list of cases");
  refused(ModelWith("[{\"name\": \"a\"}]"),
          "section cases: a case has no name, prompt_ids or greedy_ids");
  refused(ModelWith("[" + Case("a", "[[1], [2]]", "[1]") + "]"),
          "a: prompt_ids and greedy_ids do not match");
  refused(ModelWith("[" + Case("a", "[1, 999]", "[1]") + "]"), "case a: prompt_ids[1] is 999");
  refused(ModelWith("["), "section cases");
}

}  // namespace
}  // namespace lathe
