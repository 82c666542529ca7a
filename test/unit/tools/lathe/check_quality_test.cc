#include "tools/lathe/check_quality.h"

#include "gtest/gtest.h"
#include "test/support/data.h"
#include "test/support/status_matchers.h"
#include "test/unit/tools/lathe/model_folder.h"

namespace lathe {
namespace {

using ::lathe::testing::ModelFolder;
using ::lathe::testing::ProcessResult;
using ::lathe::testing::RunTool;
using ::testing::AllOf;
using ::testing::HasSubstr;

class CheckQualityTest : public ::testing::Test {
 protected:
  ProcessResult Check(std::vector<std::string> flags) {
    std::vector<std::string> words = {"check", model_.path()};
    words.insert(words.end(), flags.begin(), flags.end());
    return RunTool(words);
  }
  std::string Text() {
    model_.Write("text.txt", "What a model reads here decides what it is measured on.\n");
    return "--text=" + model_.File("text.txt");
  }
  ModelFolder model_;
};

TEST_F(CheckQualityTest, ComparesWaysOfStoring) {
  ProcessResult run = Check({"--quality", Text(), "--precision=f32", "--weights=bf16"});
  EXPECT_EQ(run.exit_code, 0) << run.err;
  EXPECT_THAT(run.out,
              AllOf(HasSubstr("tokens compared"), HasSubstr("perplexity"),
                    HasSubstr("KL divergence, 99 % below"), HasSubstr("same most likely token")));
  EXPECT_THAT(run.err, AllOf(HasSubstr("compiled f32 in"),
                             HasSubstr("compiled --weights=bf16 --embedding=bf16 --head=bf16 in"),
                             HasSubstr("window 1 of 1")));
}

TEST_F(CheckQualityTest, WrongUse) {
  const std::pair<std::vector<std::string>, std::string> cases[] = {
      {{"--quality", "--weights=int4"}, "--quality needs a text to measure on"},
      {{"--quality", Text()}, "both would be the same; say which"},
      {{"--weights=int4"}, "belong to --quality, which is not given"},
      {{"--tokens=9"}, "belong to --quality, which is not given"},
      {{"--quality", Text(), "--group=32"}, "--group is about the scales"},
      {{"--quality", Text(), "--weights=int8", "--window=1"}, "--window"}};
  for (const auto& [flags, message] : cases) {
    ProcessResult run = Check(flags);
    EXPECT_EQ(run.exit_code, 2) << message;
    EXPECT_THAT(run.err, HasSubstr(message));
  }
}

TEST_F(CheckQualityTest, ATextThatIsNotThereIsNamed) {
  ProcessResult run = Check({"--quality", "--text=/nowhere.txt", "--weights=int8"});
  EXPECT_EQ(run.exit_code, 1);
  EXPECT_THAT(run.err, AllOf(HasSubstr("--text"), HasSubstr("/nowhere.txt")));
}

}  // namespace
}  // namespace lathe
