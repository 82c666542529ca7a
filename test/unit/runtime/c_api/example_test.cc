// The examples in C and Python say what the runner's own C++ says.
#include <filesystem>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "test/support/data.h"
#include "test/unit/tools/lathe_run/toy_text.h"

namespace lathe {
namespace {

using ::testing::HasSubstr;

constexpr char kPython[] = "/usr/bin/python3";
constexpr char kQuestion[] = "say \"€\" or \\ twice";
constexpr int64_t kNumNew = 40;

class CApiExampleTest : public ::testing::Test {
 protected:
  void SetUp() override {
    artifact_ = testing::WriteToyModel(testing::ToyTextModel());
    tokenizer_.emplace(testing::ToyTokenizer());
    const std::string prompt =
        absl::StrCat("<|im_start|>user\n", kQuestion, "<|im_end|>\n<|im_start|>assistant\n");
    ids_ = testing::ToyTokens(tokenizer_->Encode(prompt), kNumNew);
    // The stop id ends the answer.
    ids_.erase(std::find(ids_.begin(), ids_.end(), 257), ids_.end());
    ASSERT_GT(ids_.size(), 5u);
  }

  testing::ProcessResult Run(std::vector<std::string> words) {
    words.insert(words.end(), {artifact_, kQuestion, absl::StrCat(kNumNew)});
    return testing::RunProcess(words);
  }
  static std::vector<std::string> Python() {
    return {"/usr/bin/env",
            absl::StrCat("LATHE_LIBRARY=", testing::BinaryPath("../lib/liblathe.so.1")), kPython,
            testing::SourcePath("runtime/c_api/example/ask.py")};
  }

  void ExpectAnswer(const testing::ProcessResult& run) {
    EXPECT_EQ(run.exit_code, 0) << run.err;
    EXPECT_EQ(run.out, tokenizer_->Decode(ids_, {.skip_special = true}) + "\n");
    EXPECT_THAT(run.err, HasSubstr(absl::StrCat("ids: ", absl::StrJoin(ids_, " "), "\n")));
  }

  std::string artifact_;
  std::optional<Tokenizer> tokenizer_;
  std::vector<int32_t> ids_;
};

TEST_F(CApiExampleTest, InC) {
  const testing::ProcessResult run = Run({testing::BinaryPath("lathe-ask")});
  ExpectAnswer(run);
  EXPECT_THAT(run.err, HasSubstr(absl::StrCat(ids_.size(), " new ones, the first after ")));
}

TEST_F(CApiExampleTest, InPython) {
  if (!std::filesystem::exists(kPython)) GTEST_SKIP() << kPython << " is not installed here";
  ExpectAnswer(Run(Python()));
}

TEST_F(CApiExampleTest, ErrorsAreWords) {
  artifact_ = "/nowhere.lathe";
  testing::ProcessResult run = Run({testing::BinaryPath("lathe-ask")});
  EXPECT_EQ(run.exit_code, 1);
  EXPECT_THAT(run.err, HasSubstr("ask: /nowhere.lathe: NOT_FOUND: cannot open /nowhere.lathe"));
  run = testing::RunProcess({testing::BinaryPath("lathe-ask")});
  EXPECT_EQ(run.exit_code, 2);
  EXPECT_THAT(run.err, HasSubstr("use: ask ARTIFACT QUESTION"));
  if (!std::filesystem::exists(kPython)) GTEST_SKIP() << kPython << " is not installed here";
  run = Run(Python());
  EXPECT_EQ(run.exit_code, 1);
  EXPECT_THAT(run.err, HasSubstr("ask.py: lathe_model_open: cannot open /nowhere.lathe"));
}

}  // namespace
}  // namespace lathe
