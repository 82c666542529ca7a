// The test cases inside an artifact: lathe-run --check runs them and tells when one differs.
#include "nlohmann/json.hpp"
#include "test/support/data.h"
#include "test/support/golden/compile_folder.h"
#include "test/support/process.h"
#include "test/support/status_matchers.h"

namespace lathe::testing {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

class CasesTest : public ::testing::Test {
 protected:
  CasesTest()
      : folder_(SourcePath("test/data/golden/qwen3_tied")),
        cases_(nlohmann::json::parse(ReadFileOrDie(folder_ + "/golden/cases.json"), nullptr,
                                     /*allow_exceptions=*/false)) {}

  // Compiles with `cases_` inside and checks.
  ProcessResult Check() {
    const std::string dir = TempDir();
    WriteFileOrDie(dir + "/cases.json", cases_.dump());
    LATHE_EXPECT_OK(
        CompileFolder({.folder = folder_, .precision = "f32", .cases = dir + "/cases.json"},
                      dir + "/model.lathe"));
    return RunProcess({BinaryPath("lathe-run"), "run", dir + "/model.lathe", "--check"});
  }

  std::string folder_;
  nlohmann::json cases_;
};

TEST_F(CasesTest, RightCasesPass) {
  ProcessResult run = Check();
  EXPECT_EQ(run.exit_code, 0) << run.err;
  EXPECT_THAT(run.out, AllOf(HasSubstr("ok     short: 16 tokens as expected"),
                             HasSubstr("ok     long: 8 tokens as expected"),
                             HasSubstr("ok     batch[3]: 8 tokens as expected")));
}

TEST_F(CasesTest, AWrongIdFails) {
  auto& ids = cases_[1]["greedy_ids"];
  const int32_t right = ids[5].get<int32_t>();
  ids[5] = right + 1;
  ProcessResult run = Check();
  EXPECT_EQ(run.exit_code, 1) << run.err;
  EXPECT_THAT(run.out, AllOf(HasSubstr("ok     short: 16 tokens as expected"),
                             HasSubstr("WRONG  long: token 5 is " + std::to_string(right) +
                                       ", expected " + std::to_string(right + 1))));
  EXPECT_THAT(run.err, HasSubstr("1 of 6 cases differ"));
}

}  // namespace
}  // namespace lathe::testing
